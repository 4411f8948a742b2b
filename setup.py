"""The packages of the wheel `inferform`: every folder of `modules/`, so that none is forgotten."""

from setuptools import find_namespace_packages, setup

_FOLDERS = find_namespace_packages("modules", exclude=["*__pycache__*"])

setup(
    packages=["inferform", *(f"inferform.{folder}" for folder in _FOLDERS)],
    package_dir={"inferform": "modules"},
)
