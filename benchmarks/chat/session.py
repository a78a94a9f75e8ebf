"""A browser tab without a browser: Streamlit's own protocol over a websocket."""

import re
import time
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from websockets.sync.client import ClientConnection, connect


class Session:
    """One tab. It reads what the server draws and answers as the page's own scripts would."""

    def __init__(self, url: str) -> None:
        """Open the app's page."""
        parts = urlsplit(url)
        self._socket: ClientConnection = connect(
            f"ws://{parts.netloc}/_stcore/stream",
            origin=url,
            subprotocols=["streamlit"],
            max_size=None,
            max_queue=None,
            ping_interval=None,
        )
        self._input = self._input_fragment = ""
        self._timers: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self.address = ""
        self.picked = False
        self._rerun()
        self.read_until_finished()

    def close(self) -> None:
        """Close the tab."""
        self._socket.close()

    def ask(self, question: str) -> None:
        """Type a question and press Enter."""
        states = WidgetStates()
        state = states.widgets.add()
        state.id = self._input
        state.chat_input_value.data = question
        self._due.clear()
        self._rerun(states, self._input_fragment)

    def pick_model(self, model_id: str, timeout_s: float = 30) -> None:
        """Pick the model; the app may still be asking its server which ones it has."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            self.picked = False
            self.command(f"/model {model_id}")
            if self.picked:
                return
            time.sleep(0.5)
        raise TimeoutError(f"{model_id} could not be picked")

    def command(self, text: str) -> None:
        """Type a slash command, and wait until the page stands again."""
        self.ask(text)
        self.read_until_finished()

    def _rerun(self, states: WidgetStates | None = None, fragment: str = "", *, is_timer: bool = False) -> None:
        message = BackMsg()
        message.rerun_script.query_string = self.address or "lang=en"
        message.rerun_script.widget_states.CopyFrom(states or WidgetStates())
        if fragment:
            message.rerun_script.fragment_id = fragment
            message.rerun_script.is_auto_rerun = is_timer
        self._socket.send(message.SerializeToString())

    def read_until_finished(self, timeout_s: float = 60) -> None:
        """Read until the script has ended."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            message = self._next(until)
            if message is None or message.WhichOneof("type") != "script_finished":
                continue
            if message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                return
        raise TimeoutError("the page was not drawn in time")

    def wait_for(self, pattern: str, timeout_s: float = 60) -> tuple[float, str]:
        """Return when a text that fits ``pattern`` was first drawn (monotonic), and the text."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            message = self._next(until)
            body = "" if message is None else _text(message)
            if re.search(pattern, body):
                return time.monotonic(), body
        raise TimeoutError(f"{pattern} was not drawn in time")

    def _next(self, until: float) -> ForwardMsg | None:
        """Return the next message, or None where a fragment's timer was due first."""
        now = time.monotonic()
        for fragment, due in self._due.items():
            if due <= now:
                self._due[fragment] = now + self._timers[fragment]
                self._rerun(fragment=fragment, is_timer=True)
        wait = min([until, *self._due.values()]) - time.monotonic()
        try:
            data = self._socket.recv(timeout=max(0.001, wait))
        except TimeoutError:
            return None
        message = ForwardMsg()
        message.ParseFromString(data if isinstance(data, bytes) else data.encode())
        self._take(message)
        return message

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "auto_rerun":
            fragment = message.auto_rerun.fragment_id
            self._timers[fragment] = message.auto_rerun.interval
            self._due[fragment] = time.monotonic() + message.auto_rerun.interval
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                self._due.pop(fragment, None)
        elif kind == "delta" and message.delta.new_element.WhichOneof("type") == "toast":
            self.picked = "Changed" in message.delta.new_element.toast.body
        elif kind == "page_info_changed":
            self.address = message.page_info_changed.query_string
        elif kind == "delta" and message.delta.new_element.WhichOneof("type") == "chat_input":
            self._input = message.delta.new_element.chat_input.id
            self._input_fragment = message.delta.fragment_id  # the browser asks for the fragment a widget stands in


def _text(message: ForwardMsg) -> str:
    if message.WhichOneof("type") != "delta":
        return ""
    element = message.delta.new_element
    return element.markdown.body if element.WhichOneof("type") == "markdown" else ""
