"""The packages of the wheel `inferra`: every folder of `modules/`, so that none is forgotten."""

from setuptools import find_namespace_packages, setup

_FOLDERS = find_namespace_packages("modules", exclude=["*__pycache__*"])

setup(
    packages=["inferra", *(f"inferra.{folder}" for folder in _FOLDERS)],
    package_dir={"inferra": "modules"},
)
