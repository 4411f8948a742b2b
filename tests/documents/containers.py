"""The containers of AWS that the table has, with their versions."""

from __future__ import annotations

from inferform.model.image import framework_containers

_SHOWN = 6


def table() -> str:
    """A table of frameworks with their newest versions, and what each is built for."""
    lines = ["| Framework | Versions, the newest first | Built for |", "|---|---|---|"]
    for framework, entry in sorted(framework_containers().items()):
        newest = [*entry["versions"]][::-1]
        more = f" and {len(newest) - _SHOWN} older" if len(newest) > _SHOWN else ""
        shown = ", ".join(f"`{each}`" for each in newest[:_SHOWN])
        built = sorted({device for tags in entry["versions"].values() for device in tags})
        lines.append(f"| `{framework}` | {shown}{more} | {', '.join(built)} |")
    return "\n".join(lines) + "\n"
