// What Streamlit has no widget for: a citation inside a text opens its passage, an answer goes to the clipboard, an
// opened passage and a message that a link names are scrolled to, on a phone the sidebar closes once something was
// picked in it, and a tab that lies idle follows what another one asks in its conversation.

const CITATION = 'a[href^="#kb-source-"]';
const PICKED = '.st-key-conversations .stButton button, .st-key-new_chat_sidebar button, [data-testid="stSidebarNavLink"]';
const PASSAGE = ".st-key-passage_text mark, .st-key-passage_marked .stMarkdownColoredBackground, .st-key-passage_text .kb-passage";
const NARROW = "(max-width: 767px)";
const PATIENCE_MS = 30000; // nothing is waited for any longer
const QUIET_TICKS = 20, TICK_MS = 100;

const FOLLOW_MS = 3000;
// An answer that is being written is followed anyhow; and nobody wants the page redrawn under an open box.
const BUSY =
  '[data-test-script-state="running"], .st-key-stop, .st-key-edit_ask, [role="dialog"], [data-testid="stPopoverBody"]';

let followed = { chat: "", state: "", tell: null };
let copied = null;
let shown = "";
let found = "";
let scrolledAt = 0;

for (const kind of ["wheel", "touchmove", "keydown", "pointerdown"]) {
  document.addEventListener(kind, () => (scrolledAt = performance.now()), { capture: true, passive: true });
}

setInterval(follow, FOLLOW_MS);
document.addEventListener("visibilitychange", follow);

export default function (component) {
  const { data, setTriggerValue } = component;

  const onClick = (event) => {
    const link = event.target.closest(CITATION);
    if (link) {
      event.preventDefault();
      event.stopPropagation();
      setTriggerValue("citation", link.getAttribute("href").slice("#kb-source-".length));
    } else if (event.target.closest(PICKED) && window.matchMedia(NARROW).matches) {
      setTimeout(closeSidebar, 0);
    }
  };
  const onKey = (event) => {
    const isTyping = event.target.closest("input, textarea, [contenteditable]");
    const box = document.querySelector('[data-testid="stChatInputTextArea"]');
    if (event.key === "/" && !isTyping && box && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      box.focus();
    }
  };
  document.addEventListener("click", onClick, true);
  document.addEventListener("keydown", onKey);

  if (data.copy && data.copy !== copied) {
    copied = data.copy;
    copy(data.copy).then((worked) => setTriggerValue("copied", worked));
  } else if (!data.copy) {
    copied = null;
  }
  followed = { chat: data.chat, state: data.state, tell: () => setTriggerValue("changed", true) };
  if (data.passage !== shown) {
    shown = data.passage;
    if (shown) scrollToPassage(performance.now() + PATIENCE_MS);
  }
  if (data.message !== found) {
    found = data.message;
    if (found) scrollToMessage(found, performance.now(), 0);
  }
  return () => {
    document.removeEventListener("click", onClick, true);
    document.removeEventListener("keydown", onKey);
  };
}

function closeSidebar() {
  const button = document.querySelector('[data-testid="stSidebarCollapseButton"] button');
  if (button) button.click();
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByCommand(text); // on plain HTTP in a local network there is no clipboard object
  }
}

function copyByCommand(text) {
  const box = document.createElement("textarea");
  box.value = text;
  box.style.position = "fixed";
  document.body.append(box);
  box.select();
  const worked = document.execCommand("copy");
  box.remove();
  return worked;
}

// Streamlit follows the end of a chat while it is drawn, so the message is held in sight until the page has come to
// rest, which is counted in ticks since a slow browser has none while it draws, or until the reader does something.
function scrollToMessage(id, since, quiet) {
  if (id !== found || quiet > QUIET_TICKS || scrolledAt > since || performance.now() > since + PATIENCE_MS) return;
  const message = document.querySelector(`.st-key-found_${CSS.escape(id)}`);
  if (message) message.scrollIntoView({ block: "start" });
  const isAtRest = message && !document.querySelector('[data-test-script-state="running"]');
  setTimeout(() => scrollToMessage(id, since, isAtRest ? quiet + 1 : 0), TICK_MS);
}

function scrollToPassage(until) {
  const mark = document.querySelector(PASSAGE);
  if (mark) {
    const box = mark.closest(".st-key-passage_text");
    const offset = mark.getBoundingClientRect().top - box.getBoundingClientRect().top;
    if (offset > box.clientHeight * 0.6) box.scrollTop += offset - box.clientHeight * 0.25;
  } else if (performance.now() < until) {
    requestAnimationFrame(() => scrollToPassage(until));
  }
}

async function follow() {
  const drawn = followed;
  if (!drawn.chat || document.hidden || document.querySelector(BUSY)) return;
  const answer = await fetch(`/changes/${encodeURIComponent(drawn.chat)}`).catch(() => null); // the server may be away
  const state = answer && answer.ok ? await answer.text() : drawn.state;
  if (state === drawn.state || drawn !== followed || document.querySelector(BUSY)) return;
  drawn.state = state; // told once
  drawn.tell();
}
