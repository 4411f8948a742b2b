"""Measure the area under the curve of a model: how often it puts a fraud above another row."""

import json
import tarfile

from rows import ROOT, read, score

with tarfile.open(ROOT / "processing/input/model/model.tar.gz") as archive:
    member = archive.extractfile("./weights.json")
    assert member is not None
    weights = json.load(member)
rows = read(ROOT / "processing/input/test")
frauds = [score(weights, row) for row in rows if row[-1]]
others = [score(weights, row) for row in rows if not row[-1]]
above = sum((fraud > other) + (fraud == other) / 2 for fraud in frauds for other in others)
report = {"metrics": {"auc": {"value": above / (len(frauds) * len(others))}}}
(ROOT / "processing/output/evaluation/evaluation.json").write_text(json.dumps(report), "utf-8")
