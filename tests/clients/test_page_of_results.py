"""docs/compatibility.md says what the tests in this folder found. Named so that it runs, and writes, after them."""

from pathlib import Path

import client_results
import compatibility_page

PAGE = Path(__file__).parents[2] / "docs" / "compatibility.md"


def test_the_page_says_what_was_found(rewrite: bool) -> None:
    sessions = compatibility_page.sessions_in(Path(__file__).parent / "transcripts")
    page = compatibility_page.page(client_results.kept(), sessions)
    if rewrite:
        PAGE.write_text(page)
    assert page == PAGE.read_text(), "`make golden` writes it again"


def test_every_client_has_its_results() -> None:
    assert {each.client for each in client_results.kept()} == {"client-go", "kr8s", "kubernetes", "lightkube"}
    tried = {name for each in client_results.kept() for name in each.operations}
    assert tried == set(client_results.OPERATIONS)
