"""``ask NAME QUESTION``: the answer as it comes, then its sources."""

import argparse
import math

from kb_app.cli.commands import Commands
from kb_app.cli.console import Console, Record
from kb_app.cli.search import place_text
from kb_app.cli.session import Session
from kb_app.errors import KBAppError, error_info
from kb_app.messages import error_text
from kb_app.models import (
    AnswerEvent,
    Cost,
    ErrorInfo,
    Failed,
    FellBack,
    Finished,
    Measured,
    Message,
    Reading,
    Retrieved,
    Reused,
    Source,
    Thinking,
    Timing,
    Token,
    Usage,
    Waiting,
)
from kb_app.services.answers.generation import Generation
from kb_app.services.answers.questions import AskRequest

_SUCCESS = ("complete", "no_sources")


def register(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add("ask", _ask).option("name", help_key="name").option("question", help_key="question")
    command.option("--model", metavar="ID", help_key="model").json()


def _ask(args: argparse.Namespace, console: Console) -> int:
    if not args.question.strip():
        console.note("cli.ask.empty")
        return 2
    try:
        with Session(args, console) as session:
            base = session.base(args.name)
            request = AskRequest(
                question=args.question,
                base_ids=(base.id,),
                model_id=args.model or base.model_id or "quote",
                language=console.language,
                origin="cli",
            )
            message = _follow(session.app.answering.ask(request), console)
    except KBAppError as error:
        if not args.json:
            raise
        message = _unanswered(args.model or "", error_info(error))
    if args.json:
        console.record(_answer_record(message, console))
    else:
        _show_end(message, console)
    return 0 if message.status in _SUCCESS else 1


def _follow(generation: Generation, console: Console) -> Message:
    """Show every event until the last; Ctrl-C stops the model and keeps what had come."""
    try:
        for event in generation.events():
            if console.as_json:
                console.record(_event_record(event, console))
            elif isinstance(event, Token):
                console.line(event.text, end="")
            elif isinstance(event, Thinking):
                console.progress(console.text("cli.ask.thinking"))
            elif isinstance(event, Waiting):
                reason = error_text(console.language, event.error).message
                console.note("cli.ask.waiting", reason=reason, seconds=math.ceil(event.seconds))
            elif isinstance(event, FellBack):
                reason = error_text(console.language, event.error).message
                console.note("cli.ask.fell_back", model=event.asked_model_id, reason=reason, other=event.model_id)
    except KeyboardInterrupt:
        generation.stop()
    return generation.wait()


def _unanswered(model_id: str, error: ErrorInfo) -> Message:
    return Message(
        id="", conversation_id="", role="assistant", text="", status="failed", model_id=model_id, error=error
    )


def _event_record(event: AnswerEvent, console: Console) -> Record:
    match event:
        case Retrieved():
            return {
                "event": "retrieved",
                "query": event.query,
                "sources": [_source_record(source) for source in event.sources],
                "confidence": round(event.confidence, 4),
                "seconds": round(event.elapsed_s, 4),
            }
        case Thinking(text=text):
            return {"event": "thinking", "text": text}
        case Token(text=text):
            return {"event": "token", "text": text}
        case Usage():
            return {"event": "usage", **_usage_record(event)}
        case Reading() | Waiting() | FellBack() | Reused():
            return _detour_record(event, console)
        case Measured(timing=timing, cost=cost):
            return {"event": "measured", **_timing_record(timing), "cost": _cost_record(cost)}
        case Finished(reason=reason):
            return {"event": "finished", "reason": reason}
        case Failed(error=error):
            return {"event": "failed", "error": console.error_record(error)}


def _detour_record(event: Reading | Waiting | FellBack | Reused, console: Console) -> Record:
    """Return an event that not every answer has."""
    match event:
        case Reading(done=done, total=total):
            return {"event": "reading", "done": done, "total": total}
        case Waiting(seconds=seconds, error=error):
            return {"event": "waiting", "seconds": round(seconds, 1), "error": console.error_record(error)}
        case FellBack(model_id=model_id, error=error):
            return {"event": "fallback", "model": model_id, "error": console.error_record(error)}
        case Reused(correction_id=correction_id, kind=kind):
            return {"event": "reused", "correction_id": correction_id, "reuse": kind}


def _answer_record(message: Message, console: Console) -> Record:
    return {
        "answer": message.text,
        "status": message.status,
        "sources": [_source_record(source) for source in message.sources],
        "cited": list(message.cited),
        "confidence": message.confidence,
        "model": message.model_id,
        "usage": _usage_record(message.usage) if message.usage else None,
        "seconds": message.elapsed_s,
        "error": console.error_record(message.error),
    }


def _source_record(source: Source) -> Record:
    return {
        "marker": source.marker,
        "document": source.document,
        "page": source.page,
        "heading": list(source.heading),
        "text": source.text,
        "score": round(source.score, 4),
    }


def _usage_record(usage: Usage) -> Record:
    return {"prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens}


def _timing_record(timing: Timing) -> Record:
    first = timing.first_token_s
    return {"first_token_s": None if first is None else round(first, 3), "total_s": round(timing.total_s, 3)}


def _cost_record(cost: Cost | None) -> Record | None:
    return None if cost is None else {"amount": cost.amount, "currency": cost.currency}


def _show_end(message: Message, console: Console) -> None:
    console.line()
    for source in message.sources:
        if source.marker in message.cited:
            place = place_text(source.document, source.page, source.heading, console)
            console.line(f"[{source.marker}] {place}")
    if message.status == "stopped":
        console.note("cli.ask.stopped")
    if message.error is not None:
        console.remark(console.sentences(message.error))
