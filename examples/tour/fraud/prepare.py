"""Split the newest rows into those that are trained on and those that the model is tried on."""

from rows import ROOT, read, write

rows = read(ROOT / "processing/input/raw")
for name, part in (
    ("train", rows[::5] + rows[1::5] + rows[2::5] + rows[3::5]),
    ("test", rows[4::5]),
):
    write(ROOT / "processing/output" / name / f"{name}.csv", part)
