"""The packages of the wheel: every folder of `modules/`, `ops/` and `emulator/`, so that none is
forgotten. `ops` and `emulator` are names of other people's packages, so they are not installed."""

from setuptools import find_namespace_packages, setup

FOLDERS = {"inferform": "modules", "inferform_ops": "ops", "inferform_emulator": "emulator"}

setup(
    packages=[
        package
        for name, folder in FOLDERS.items()
        for package in (
            name,
            *(
                f"{name}.{found}"
                for found in find_namespace_packages(folder, exclude=["*__pycache__*"])
            ),
        )
    ],
    package_dir=FOLDERS,
)
