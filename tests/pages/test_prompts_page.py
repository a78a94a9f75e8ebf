"""Prompts as an owner of a base meets them: edit, preview, refuse, reset."""

from page_reading import Open, shown_text

from kb_app.app import App
from kb_app.services.documents.library import Upload


def code_of(page) -> str:
    return "\n".join(str(block.value) for block in page.code)


def test_a_prompt_is_edited_previewed_used_and_reset(app: App, open_page: Open) -> None:
    base = app.library.create("Bees")
    upload = Upload(name="bees.md", data=b"# Brood\n\nBees keep their brood at 35 degrees of temperature.")
    app.jobs.wait(app.library.add_files(base.id, [upload]))
    key = f"prompt_{base.id}_answer_en"
    page = open_page("prompts", kb=base.id)
    assert "You are a careful knowledge-base assistant" in page.text_area(key=key).value
    page.text_input(key="prompt_question").input("At which temperature do bees keep the brood?").run()
    assert '<passage id="1" from="bees.md' in code_of(page)
    assert "tokens at most" in shown_text(page)

    page.text_area(key=key).input("Be short.\n{passages}").run()
    assert "Be short.\n<passage" in code_of(page)
    page.button(key="save_prompt").click().run()
    assert app.prompts.get("answer", "en", base.id) == "Be short.\n{passages}"
    assert "has its own prompt" in shown_text(page)

    page.text_area(key=key).input("No place for them").run()
    assert "lacks {passages}" in shown_text(page).replace("\\", "")
    page.button(key="save_prompt").click().run()
    assert app.prompts.get("answer", "en", base.id) == "Be short.\n{passages}"

    page.button(key="reset_prompt").click().run()
    assert "You are a careful" in page.text_area(key=key).value
    assert "This is the default." in shown_text(page)

    for kind, expected in (("summary", "bees.md"), ("title", "35 degrees"), ("rewrite", "green tea")):
        page.segmented_control(key="prompt_kind").set_value(kind).run()
        assert not page.exception
        assert expected in code_of(page)
