"""What is read of metrics.jsonl without parsing each line is what parsing each line gives."""

from __future__ import annotations

import json
import random
import tracemalloc

from engine.metrics_reading import TAIL_BYTES, cut_metrics, last_lines, read_metrics, summary_of
from engine.run_records import smoothed
from engine.storage import own_folder


def lines_of_a_run(steps: int) -> list[dict]:
    chance = random.Random(0)
    lines: list[dict] = [{"event": "RunStarted", "steps": steps, "first_step": 0}]
    for step in range(1, steps + 1):
        memory = chance.randrange(2**30)
        loss = float("nan") if step % 700 == 0 else chance.random()
        lines.append({"event": "StepFinished", "step": step, "loss": loss, "memory_bytes": memory})
        if step % 250 == 0:
            lines.append({"event": "CheckpointScored", "step": step, "likeness": chance.random()})
    return lines


def test_the_summary_of_a_long_run_is_that_of_all_its_lines(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines_of_a_run(3_000)) + '{"ev')
    every = read_metrics(path)
    summary = summary_of(path)
    losses = [line["loss"] for line in every if line["event"] == "StepFinished"]
    scores = [line for line in every if line["event"] == "CheckpointScored"]
    assert summary.steps == 3_000
    assert smoothed(summary.losses)[-1] == smoothed(losses)[-1]
    assert summary.peak_bytes == max(line.get("memory_bytes", 0) for line in every)
    assert summary.best == max(scores, key=lambda score: score["likeness"])
    assert summary.end is None
    assert summary.is_open


def test_a_file_without_end_takes_little_memory(tmp_path):
    """What was never written takes no room on the disk, and comes as zeros."""
    own_folder(tmp_path, "run")
    path = tmp_path / "metrics.jsonl"
    lines = lines_of_a_run(3)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with path.open("r+b") as file:
        file.truncate(120 << 20)
    tracemalloc.start()
    try:
        assert len(read_metrics(path)) == len(lines)
        cut_metrics(path, 2)
        assert tracemalloc.get_traced_memory()[1] < 50 << 20
    finally:
        tracemalloc.stop()
    assert [line.get("step", 0) for line in read_metrics(path)] == [0, 1, 2]
    assert (tmp_path / "metrics.damaged.jsonl").stat().st_size == 120 << 20


def test_a_file_that_is_written_in_another_style_gives_the_same(tmp_path):
    """By hand, or by another JSON writer."""
    lines = lines_of_a_run(500)
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    one.write_text("".join(json.dumps(line) + "\n" for line in lines))
    other.write_text(
        "".join(json.dumps(line, separators=(",", ":"), sort_keys=True) + "\n" for line in lines)
    )
    found, expected = summary_of(other), summary_of(one)
    assert (found.steps, found.peak_bytes, found.best) == (
        expected.steps,
        expected.peak_bytes,
        expected.best,
    )
    assert repr(found.losses) == repr(expected.losses)  # NaN is not itself


def test_of_a_run_that_was_started_again_the_last_start_counts(tmp_path):
    path = tmp_path / "metrics.jsonl"
    start, end = {"event": "RunStarted"}, {"event": "RunFinished", "stopped_early": True}
    path.write_text("".join(json.dumps(line) + "\n" for line in (start, end, start)))
    assert summary_of(path).is_open
    path.write_text("".join(json.dumps(line) + "\n" for line in (start, end, start, end)))
    assert summary_of(path).end == end
    assert not summary_of(path).is_open


def test_of_a_long_file_only_the_end_is_read(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines_of_a_run(20_000)))
    assert path.stat().st_size > 10 * TAIL_BYTES
    lines = last_lines(path)
    assert lines[-1]["event"] == "CheckpointScored"
    assert repr(lines) == repr(read_metrics(path)[-len(lines) :])
    assert repr(lines) == repr(read_metrics(path)[-len(lines) :])
    assert 300 < len(lines) < 2_000


def test_a_file_that_is_missing_or_empty_has_no_lines(tmp_path):
    assert last_lines(tmp_path / "missing.jsonl") == []
    assert summary_of(tmp_path / "missing.jsonl").steps == 0
    (tmp_path / "empty.jsonl").touch()
    assert last_lines(tmp_path / "empty.jsonl") == []
    assert summary_of(tmp_path / "empty.jsonl").losses == []
