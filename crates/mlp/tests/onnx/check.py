"""Compares what ONNX Runtime makes of exported models with what the library itself says in single precision.

    check.py FOLDER CASES

FOLDER is what `cargo run --package mlp --features onnx --example onnx_cases FOLDER` wrote: NAME.onnx, and NAME.json with rows
and answers. CASES is how many there must be. Probabilities must be within 1e-6, numbers within 1e-6 of the largest of them, and
the class the same where it leads by more than 1e-5. A row that the library refuses must have NaN and no class; rows at which
the run is to fail must make it fail.
"""

import json
import pathlib
import sys

import numpy
import onnx
import onnxruntime

PROBABILITY = 1e-6
MARGIN = 1e-5


def fail(name, what):
    sys.exit(f"{name}: {what}")


def feeds(session, inputs):
    """The rows as the inputs of the graph want them: found by name, or all numbers side by side in X."""
    wanted = session.get_inputs()
    columns = {name: [numpy.nan if cell is None else cell for cell in cells] for name, cells in inputs}
    if [value.name for value in wanted] == ["X"]:
        x = numpy.array(list(columns.values()), dtype=numpy.float32).T
        return {"X": numpy.ascontiguousarray(x)}
    taken = {}
    for value in wanted:
        name = value.name if value.name in columns else value.name.removesuffix("_2")
        dtype = {"tensor(float)": numpy.float32, "tensor(string)": object}[value.type]
        taken[value.name] = numpy.array(columns[name], dtype=dtype).reshape(-1, 1)
    return taken


def compare(name, case, names, outputs):
    """The largest difference of a probability (or of a number, as a share of the largest), and the number of rows refused."""
    got = dict(zip(names, outputs))
    key = "values" if "values" in got else "probabilities"
    answers = case["answers"]
    refused = numpy.array([answer is None for answer in answers])
    if got[key].dtype != numpy.float32 or len(got[key]) != len(answers):
        fail(name, f"{key} of {got[key].dtype}, {got[key].shape}")
    if not numpy.isnan(got[key][refused]).all():
        fail(name, "a number in a row that the library refuses")
    if refused.all():
        fail(name, "the library refuses every row")
    expected = numpy.array([answer[key] for answer in answers if answer is not None])
    found = got[key][~refused].astype(numpy.float64)
    if found.shape != expected.shape:
        fail(name, f"{key} of shape {found.shape} and not {expected.shape}")
    scale = numpy.abs(expected).max() if key == "values" else 1.0
    difference = float(numpy.abs(found - expected).max() / scale)
    if not difference <= PROBABILITY:
        row = int(numpy.abs(found - expected).max(axis=1).argmax())
        fail(name, f"{key} differ by {difference:.2e}: {found[row]} and not {expected[row]}")
    classes = [answer.get("label") for answer in answers if answer is not None]
    if classes[0] is not None:
        labels = got["label"]
        if labels.shape != (len(answers),):
            fail(name, f"labels of shape {labels.shape}")
        ordered = numpy.sort(expected, axis=1)
        clear = ordered[:, -1] - ordered[:, -2] > MARGIN
        if not clear.any():
            fail(name, "no row has a clear class")
        same = numpy.array([str(label) for label in labels[~refused]]) == numpy.array(classes)
        if not same[clear].all():
            fail(name, f"{int((~same[clear]).sum())} classes are others")
        if any(str(label) in classes for label in labels[refused]):
            fail(name, "a class for a row that the library refuses")
    elif "label" in got:
        fail(name, "labels where there are no classes")
    return difference, int(refused.sum())


def check(path):
    name = path.stem
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs()]
    case = json.loads(path.with_suffix(".json").read_text())
    taken = feeds(session, case["inputs"])
    if case["answers"] is None:
        try:
            session.run(names, taken)
        except Exception as error:
            print(f"{name:28} fails, as it must: {str(error).splitlines()[0][:70]}")
            return
        fail(name, "runs where it must fail")
    difference, refused = compare(name, case, names, session.run(names, taken))
    answered = next(row for row, answer in enumerate(case["answers"]) if answer is not None)
    alone = {name: values[answered : answered + 1] for name, values in taken.items()}
    compare(name, {"answers": case["answers"][answered : answered + 1]}, names, session.run(names, alone))
    print(f"{name:28} {len(case['answers']):5} rows, {refused:3} refused, {difference:.1e} apart")


def main():
    folder, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    versions = [("Python", sys.version.split()[0])]
    versions += [(module.__name__, module.__version__) for module in (numpy, onnx, onnxruntime)]
    print(", ".join(" ".join(version) for version in versions))
    onnxruntime.set_default_logger_severity(4)
    paths = sorted(folder.glob("*.onnx"))
    for path in paths:
        check(path)
    if len(paths) != count:
        fail("check.py", f"{len(paths)} cases instead of {count}")


if __name__ == "__main__":
    main()
