"""The report for people."""

from __future__ import annotations

from safeload.core import Coverage, Excerpt, Location, Status
from safeload.record import replace
from safeload.reports import Style, text
from safeload.reports._words import size
from tests.forge.findings import artifact, fact, finding, report, signature, waived
from tests.forge.policies import parse

POLICY = parse(
    """schema = 1
name = "sample"
[defaults]
outside-scope = "warn"
[formats]
allow = ["safetensors", "json", "zip"]
[rules]
format.pickle-weights = "warn"
provenance.unsigned = "allow"
""",
    source="policies/sample.toml",
)


def sample():
    """A malicious twin beside an honest checkpoint."""
    made = report(
        POLICY,
        [
            finding(
                "pickle.dangerous-global",
                at="pytorch_model.bin",
                members=("archive/data.pkl",),
                offset=11,
                waivable=False,
                message="imports os.system, which runs a shell command",
            ),
            finding("format.pickle-weights", at="pytorch_model.bin", message="holds weights as a pickle"),
            finding("provenance.unsigned", at="file:/model", message="commit signature absent: no commit"),
        ],
        [
            artifact("config.json", form="json"),
            artifact("model.safetensors"),
            artifact("pytorch_model.bin", form="zip"),
            artifact("pytorch_model.bin", form="pickle", members=("archive/data.pkl",)),
            artifact("x.dat", form=None, coverage=Coverage.UNRECOGNISED, reason="no known format"),
        ],
        evidence=[signature(Status.ABSENT, "a local folder has no commit")],
        facts=[
            fact("pickle.second-reader", at="pytorch_model.bin!archive/data.pkl", status="agreed", detail="")
        ],
    )
    place = Location(artifact="pytorch_model.bin", members=("archive/data.pkl",), offset=11)
    return replace(
        waived(made, "artifact.unrecognised", "W-0007"),
        explanations={"pytorch_model.bin!archive/data.pkl": "from os import system\nresult = system('id')\n"},
        excerpts=(Excerpt(location=place, start=0, data=b"\x80\x02}q\x00X\x01\0\0\0acos\nsystem\nX\x02"),),
    )


def test_colour_changes_nothing_but_colour():
    """On a terminal the same words stand."""
    coloured = text.render(sample(), Style(colour=True))
    for code in ("\x1b[1;31m", "\x1b[1;33m", "\x1b[0m"):
        coloured = coloured.replace(code, "")
    assert coloured == text.render(sample())


def test_many_members_are_summed_up_and_the_unscanned_among_them_listed():
    """Twenty thousand tensors take two lines; what was not read is named up to a number."""
    members = [artifact("a.bin", members=(f"data/{index}",)) for index in range(50)]
    unread = [
        artifact("a.bin", members=(f"rest/{index:02}",), coverage=Coverage.NOT_READ, reason="quick")
        for index in range(30)
    ]
    shown = text.render(report(POLICY, [], [artifact("a.bin"), *members, *unread])).partition("\n\ndenied")[0]
    assert "    80 members: 50 scanned, 30 not-read" in shown
    assert shown.count("rest/") == 20
    assert "    and 10 more that were not scanned" in shown
    assert "data/0" not in shown


def test_the_summary_counts_files_and_says_what_was_not_scanned():
    """The last line is the whole result in short."""
    assert (
        text.summary(sample().decision) == "4 files, 3 scanned, 1 not scanned (1 unrecognised), verdict DENY"
    )
    allowed = report(POLICY, [], [artifact("model.safetensors")])
    assert text.summary(allowed.decision) == "1 file, 1 scanned, verdict ALLOW"
    unknown = report(POLICY, [], [artifact("x", form=None, coverage=Coverage.NOT_READ)])
    assert text.summary(unknown.decision).endswith(
        "verdict DENY (inconclusive: nothing was denied as such, but not everything is known)"
    )


def test_layers_that_a_system_lacks_are_named():
    """A child with resource limits only is no room with closed doors."""
    made = replace(sample(), rooms=(("rlimits",), ("rlimits", "landlock-7", "seccomp")))
    shown = text.render(made)
    assert "  isolated by rlimits, without landlock and seccomp: this system does not offer it\n" in shown
    assert "  isolated by rlimits, landlock-7, seccomp\n" in shown


def test_sizes_are_those_of_file_managers():
    """Powers of 1000, one decimal."""
    assert [size(n) for n in (0, 999, 1000, 999_949, 999_950, 1_200_000_000, 5 * 10**15)] == [
        "0 B", "999 B", "1.0 kB", "999.9 kB", "1.0 MB", "1.2 GB", "5000.0 TB",
    ]  # fmt: skip
