"""A model that plays a script, and prompts as they ship."""

import threading

from kb_app.services.prompting.store import default_prompt


class Model:
    """Plays events; one that is an exception is raised, and ``None`` blocks until the model is closed."""

    model_id = "m"
    context_tokens = 4096

    def __init__(self, *events, prompted=True):
        self.events = events
        self.prompted = prompted
        self.requests = []
        self.closed = threading.Event()

    def stream(self, request):
        self.requests.append(request)
        return self

    def __iter__(self):
        for event in self.events:
            if isinstance(event, Exception):
                raise event
            if event is None:
                self.closed.wait(60)
                return
            yield event

    def close(self):
        self.closed.set()


class DefaultPrompts:
    def get(self, kind, language, base_id=()):
        return default_prompt(kind, language)
