"""What a running answer is at, from the search to its first word, and how that is said."""

import pytest

from kb_app.errors import RateLimitError, error_info
from kb_app.models import FellBack, Message, Phase, Reading, Retrieved, Token, Waiting
from kb_app.services.answers.generation import Generation
from kb_app.storage.conversations import Turn
from kb_app.ui.answer_phase import phase_text

LIMITED = error_info(RateLimitError("busy", provider="glm", model="m", address="http://x", retry_after_s=12))
FOUND = Retrieved(query="q", sources=(), confidence=0.9, elapsed_s=0.1)


class NowhereSaved:
    def save_answer(self, message):
        """Keep nothing."""


@pytest.fixture
def generation():
    turn = Turn("c", "q", "a")
    return Generation(
        turn,
        NowhereSaved(),
        model_id="glm/a",
        on_end=lambda _generation: None,
        place=lambda _text, sources, _cited: tuple(sources),
    )


def test_the_phases_follow_the_events(generation):
    assert generation.phase().kind == "searching"
    generation.accept(Reading(done=1, total=2))
    reading = generation.phase()
    assert (reading.kind, reading.done, reading.total) == ("reading", 1, 2)
    generation.accept(Reading(done=2, total=2))
    assert generation.phase().kind == "searching"
    generation.accept(FOUND)
    assert generation.phase().kind == "asking"
    generation.accept(Waiting(seconds=1000, error=LIMITED))
    waiting = generation.phase()
    assert (waiting.kind, waiting.error) == ("waiting", LIMITED)
    assert 800 < waiting.seconds <= 1000
    generation.accept(FellBack(model_id="ollama/b", asked_model_id="glm/a", error=LIMITED))
    assert (generation.phase().kind, generation.phase().error) == ("asking", None)
    assert generation.snapshot().model_id == "ollama/b"
    assert generation.snapshot().fallback.asked_model_id == "glm/a"
    generation.accept(Token(text="好"))
    assert generation.phase().kind == "writing"


def test_what_is_asked_after_the_answer_was_stopped_is_cancelled_at_once(generation):
    cancelled = []
    generation.stop()
    generation.on_stop(lambda: cancelled.append("the model"))
    assert cancelled == ["the model"]


def test_a_wait_that_is_over_is_asking_again(generation):
    generation.accept(Waiting(seconds=0, error=LIMITED))
    assert generation.phase().kind == "asking"


@pytest.mark.parametrize(
    ("phase", "model_id", "said"),
    [
        (Phase(kind="searching", seconds=1), "glm/a", "Looking through your documents…"),
        (Phase(kind="reading", seconds=1, done=1, total=2), "glm/a", "Reading attached files (1 of 2)…"),
        (Phase(kind="reading", seconds=7.5, total=1), "glm/a", "(0 of 1, 8 s so far)"),
        (Phase(kind="asking", seconds=2), "glm/a", "Waiting for the model's first words…"),
        (Phase(kind="asking", seconds=8.2), "glm/a", "Still waiting for the model (9 s)."),
        (Phase(kind="waiting", seconds=11.3, error=LIMITED), "glm/a", "Trying again in 12 s."),
        (Phase(kind="asking", seconds=8.2), "ollama/b", "loaded into memory"),
    ],
)
def test_each_phase_has_its_sentence(phase, model_id, said):
    message = Message(id="a", conversation_id="c", role="assistant", text="", model_id=model_id)
    assert said in phase_text(phase, message)
