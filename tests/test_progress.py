"""What work beside other work has to say is told afterwards."""

from mosecrot_cli.progress import PostponedReporter, SilentReporter


def test_what_was_heard_is_told_once_and_in_order():
    later, told = PostponedReporter(), SilentReporter()
    for message in ("first", "second"):
        later.warn(message)
    later.info("a detail")
    later.milestone("half-way")
    with later.track("working", 2) as advance:
        advance(1)
    assert told.warnings == []
    later.tell(told)
    later.tell(told)
    assert told.warnings == ["first", "second"]
