"""What a rule asks for and cannot have."""


class Unsupported(ValueError):
    """A match or filter that no proxy could be given; the text names the field and the fix.

    A rule with one is dropped whole: without its filter, or with half of its matches, it would do something that
    nobody asked for.
    """

    def within(self, place: str) -> "Unsupported":
        """The same, seen from further out."""
        return Unsupported(f"{place}.{self}")


def brief(text: str, most: int = 80) -> str:
    """What somebody wrote, as far as a sentence about it has room."""
    return text if len(text) <= most else f"{text[:most]}..."
