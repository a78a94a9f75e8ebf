// What Streamlit has no widget for: a citation inside a text opens its passage, and on a phone the sidebar closes
// once something was picked in it. Everything works without this file as well, by the buttons under an answer.

const CITATION = 'a[href^="#kb-source-"]';
const PICKED = '.st-key-conversations .stButton button, .st-key-new_chat_sidebar button, [data-testid="stSidebarNavLink"]';
const NARROW = "(max-width: 767px)";

export default function (component) {
  const { setTriggerValue } = component;

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
  document.addEventListener("click", onClick, true);
  return () => document.removeEventListener("click", onClick, true);
}

function closeSidebar() {
  const button = document.querySelector('[data-testid="stSidebarCollapseButton"] button');
  if (button) button.click();
}
