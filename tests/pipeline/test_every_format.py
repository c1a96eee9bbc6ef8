"""One folder with one file of each format: the reports account for every file and every archive member."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from safeload.formats.families import FORMATS
from safeload.formats.identify import identify
from safeload.formats.view import BytesView
from safeload.pipeline import audit
from safeload.reports import json_v2, text
from tests.forge.samples import SAMPLES, Sample

if TYPE_CHECKING:
    from pathlib import Path

    from safeload.core import AuditReport


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> AuditReport:
    """The audit of all samples at once."""
    folder: Path = tmp_path_factory.mktemp("samples")
    for sample in SAMPLES:
        path = folder / sample.name
        assert not path.exists(), "two samples of one name"
        path.write_bytes(sample.build())
    return audit(folder, policy="default")


def test_every_format_has_a_sample() -> None:
    """Whoever adds a format adds a row to tests/forge/samples.py."""
    assert {sample.format for sample in SAMPLES} == set(FORMATS)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_samples_are_what_they_are_for(sample: Sample) -> None:
    """Identification names the row's format, and no other reading."""
    found = identify(BytesView(sample.build()), sample.name)
    assert (found.format, found.also) == ("text" if sample.format == "empty" else sample.format, ())


def test_every_file_and_member_has_one_line(report: AuditReport) -> None:
    """None is missing, none is twice, and each ends in a coverage with a reason where it was not read."""
    lines = Counter(artifact.location.name for artifact in report.artifacts)
    expected = {sample.name for sample in SAMPLES}
    expected |= {f"{sample.name}!{member}" for sample in SAMPLES for member in sample.members}
    named = {sample.name for sample in SAMPLES if sample.members}
    others = {name for name in lines if "!" in name and name.partition("!")[0] not in named}
    assert set(lines) - others == expected
    assert set(lines.values()) == {1}
    assert all(item.reason for item in report.artifacts if item.coverage.value != "scanned")


def test_no_sample_is_broken(report: AuditReport) -> None:
    """Honest files are not called malformed, and fit the budgets."""
    wrong = {"malformed", "limit-exceeded", "not-read"}
    assert not [str(item.location) for item in report.artifacts if item.coverage.value in wrong]


def test_reports_print_them_all(report: AuditReport) -> None:
    """In text every file and member stands on a line with its format and coverage; in JSON likewise."""
    printed = text.render(report)
    for artifact in report.artifacts:
        name = "!".join(artifact.location.members) or artifact.location.artifact
        line = rf"^ +{re.escape(name)} +{re.escape(artifact.format or '-')} .* {artifact.coverage.value}(:|$)"
        assert re.search(line, printed, re.MULTILINE), name
    document = json.loads(json_v2.render(report))
    listed = Counter(
        "!".join((item["location"]["artifact"], *item["location"]["members"]))
        for item in document["artifacts"]
    )
    assert listed == Counter(artifact.location.name for artifact in report.artifacts)
    assert all(item["coverage"] for item in document["artifacts"])
