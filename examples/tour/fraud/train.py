"""Train a logistic regression by gradient descent; the model is its weights."""

import json

from rows import COLUMNS, ROOT, read, score

given = json.loads((ROOT / "input/config/hyperparameters.json").read_text("utf-8"))
rows = read(ROOT / "input/data/train")
weights = [0.0] * len(COLUMNS)
for _ in range(int(given["rounds"])):
    steps = [0.0] * len(weights)
    for row in rows:
        wrong = row[-1] - score(weights, row)
        for place, value in enumerate((1.0, *row[:-1])):
            steps[place] += wrong * value
    weights = [weight + step / len(rows) for weight, step in zip(weights, steps, strict=True)]
(ROOT / "model/weights.json").write_text(json.dumps(weights), "utf-8")
