"""The export on the correction page: what stands in the way, what is found, and the archive."""

from page_reading import Open, shown_text
from streamlit.testing.v1 import AppTest
from waiting import until

from kb_app.app import App
from kb_app.messages import translate
from kb_app.models import Correction


def add(app: App, base_id: str, question: str, rejected: str = "") -> None:
    draft = Correction(
        id="", base_id=base_id, question=question, chosen="35 degrees, ask bee@example.com", rejected=rejected
    )
    app.corrections.approve(app.corrections.create(draft).id, "me")


def check(page: AppTest) -> str:
    page.button(key="check_export").click().run()
    until(lambda: not any("…" in str(caption.value) for caption in page.run().caption))
    assert not page.exception
    return shown_text(page)


def test_an_export_is_checked_then_downloaded(app: App, open_page: Open) -> None:
    base = app.library.create("Bees")
    add(app, base.id, "At which temperature?")
    page = open_page("corrections")
    page.segmented_control(key="corrections_view").set_value("export").run()
    text = check(page)
    assert translate("en", "ui.export.examples", count=1) in text
    (expander,) = page.expander
    assert expander.label == translate("en", "ui.export.found", count=1)
    assert page.get("download_button")
    page.selectbox(key="export_format").set_value("dpo").run()
    text = check(page)
    assert translate("en", "export.problem.no_rejected") in text
    assert not page.get("download_button")
    add(app, base.id, "How many bees?", "two")
    page.toggle(key="export_leave_out").set_value(True).run()
    check(page)
    assert page.get("download_button")
