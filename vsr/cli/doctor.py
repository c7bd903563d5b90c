"""``vsr doctor``."""

from __future__ import annotations

from dataclasses import asdict

import click

from vsr.cli.shared.lines import echo_wrapped
from vsr.cli.shared.report import emit


@click.command(short_help="Show what this machine can do, and why.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(as_json: bool) -> int:
    """Show which device would be used and why, which encoders open, and what is installed.

    The exit code is 1 if something that upscaling needs is broken.
    """
    from vsr.jobs.doctor import examine

    findings = examine()
    if as_json:
        emit({"findings": [asdict(finding) for finding in findings]})
    else:
        width = max(len(finding.what) for finding in findings)
        for finding in findings:
            mark = "ok " if finding.is_good else "BAD" if finding.is_needed else "no "
            echo_wrapped(f"{mark}  {finding.what:<{width}}  ", finding.detail)
    return int(any(finding.is_needed and not finding.is_good for finding in findings))
