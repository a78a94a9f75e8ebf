"""Pages of the web become documents; private networks are out of reach, however an address gets there."""

import gzip
import socket

import pytest
from protocol_servers.http_server import ProtocolServer, Reply
from waiting import until

from kb_app.app import build_app
from kb_app.errors import (
    WebAddressError,
    WebKindError,
    WebPrivateError,
    WebRedirectsError,
    WebStatusError,
    WebTimeoutError,
    WebTooLargeError,
    WebUnreachableError,
)
from kb_app.services.documents.web import Fetch, WebLimits, clean_url, is_public, loading_name
from kb_app.settings import load_settings

PAGE = "<p>龙井茶产于杭州西湖，是中国十大名茶之一。</p>" * 3


class Site(ProtocolServer):
    """Pages by path."""

    def __init__(self, **pages):
        super().__init__()
        self.pages = {f"/{name}": reply for name, reply in pages.items()}

    def answer(self, request):
        return self.pages.get(request.path, Reply(pieces=[b"?"], status=404, content_type="text/html"))


def reply(body, content_type="text/html; charset=utf-8", **options):
    return Reply(pieces=[body.encode() if isinstance(body, str) else body], content_type=content_type, **options)


def moved(to):
    return reply("", status=302, headers={"Location": to})


def fetch(url, allows=lambda address: True, **limits):
    return Fetch(WebLimits(**limits), allows).run(url, lambda done, total: None)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_addresses_that_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_that_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/x", "file:///etc/passwd", "javascript:alert(1)", "a.example", "http://", "http://u:p@a.example/",
     "", "http://[::1", "https://a b/"],
)  # fmt: skip
def test_what_is_no_address_of_a_page(url):
    with pytest.raises(WebAddressError):
        clean_url(url)


def test_an_address_is_kept_without_its_fragment():
    assert clean_url("  https://a.example/x?y=1#part ") == "https://a.example/x?y=1"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]"])
def test_this_machine_is_never_asked(host):
    with Site(secret=reply("secret")) as site:
        port = site.url.rpartition(":")[2]
        with pytest.raises((WebPrivateError, WebAddressError)):
            fetch(f"http://{host}:{port}/secret", allows=is_public)
        assert site.requests == []


def test_a_redirect_into_a_private_network_is_refused():
    # 127.0.0.1 plays the public server, 127.0.0.2 the private one.
    with Site() as site:
        port = site.url.rpartition(":")[2]
        site.pages = {"/go": moved(f"http://127.0.0.2:{port}/secret"), "/secret": reply("secret")}
        with pytest.raises(WebPrivateError) as caught:
            fetch(f"{site.url}/go", allows=lambda address: address == "127.0.0.1")
        assert caught.value.params == {"host": "127.0.0.2"}
        assert [request.path for request in site.requests] == ["/go"]
        site.pages["/go"] = moved("file:///etc/passwd")
        with pytest.raises(WebAddressError):
            fetch(f"{site.url}/go")


def test_a_name_with_one_private_address_is_refused_and_the_checked_address_is_the_one_connected_to(monkeypatch):
    answers = [["127.0.0.1", "10.0.0.1"], ["127.0.0.1"]]
    asked = []
    real = socket.getaddrinfo

    def resolve(host, port, *args, **options):
        if host != "names.example":
            return real(host, port, *args, **options)
        asked.append(host)
        found = answers.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with Site(page=reply(PAGE)) as site:
        url = f"http://names.example:{site.url.rpartition(':')[2]}/page"
        allows = {"127.0.0.1": True, "10.0.0.1": False}.__getitem__
        with pytest.raises(WebPrivateError):
            fetch(url, allows=allows)
        assert PAGE.encode() in fetch(url, allows=allows)
        assert asked == ["names.example"] * 2, "resolved once a fetch, by us alone"
        assert site.requests[0].headers["host"].startswith("names.example:")


def test_a_page_that_only_drips_is_given_up_in_time():
    drops = Reply(pieces=[b"x"] * 1000, gap_s=0.2, content_type="text/plain")
    with Site(slow=drops) as site:
        with pytest.raises(WebTimeoutError):
            fetch(f"{site.url}/slow", seconds=0.6)
        assert site.client_gone.wait(60), "it was read to its end"


def test_limits_of_size_and_redirects():
    with Site(big=reply("x" * 3_000_000, "text/plain"), loop=moved("/loop")) as site:
        with pytest.raises(WebTooLargeError):
            fetch(f"{site.url}/big", max_bytes=2_000_000)
        with pytest.raises(WebRedirectsError):
            fetch(f"{site.url}/loop")
        assert len([one for one in site.requests if one.path == "/loop"]) == 6


def test_a_packed_page_is_unpacked_within_the_limit():
    def packed(data, how):
        return reply(data, headers={"Content-Encoding": how})

    bomb = gzip.compress(bytes(20_000_000))
    twice = packed(gzip.compress(bomb), "gzip, gzip")
    with Site(page=packed(gzip.compress(PAGE.encode()), "gzip"), bomb=packed(bomb, "gzip"), twice=twice) as site:
        site.pages["/broken"] = packed(b"no gzip", "gzip")
        assert PAGE.encode() in fetch(f"{site.url}/page")
        with pytest.raises(WebTooLargeError):
            fetch(f"{site.url}/bomb", max_bytes=2_000_000)
        for page in ("twice", "broken"):
            with pytest.raises(WebUnreachableError):
                fetch(f"{site.url}/{page}")


def test_what_cannot_be_read_is_told(monkeypatch):
    def resolve(host, *arguments, **options):
        if host == "no-such-host.invalid":  # some networks give every name an address
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real(host, *arguments, **options)

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with Site(song=reply(b"\xff\xfb", "audio/mpeg")) as site:
        with pytest.raises(WebKindError) as caught:
            fetch(f"{site.url}/song")
        assert caught.value.params == {"kind": "audio/mpeg"}
        with pytest.raises(WebStatusError) as caught:
            fetch(f"{site.url}/nowhere")
        assert caught.value.params["status"] == 404
        gone = site.url
    with pytest.raises(WebUnreachableError):
        fetch(f"{gone}/page")
    with pytest.raises(WebUnreachableError):
        fetch("http://no-such-host.invalid/")


def test_the_format_is_told_by_what_is_there():
    assert loading_name("https://a.example/b.php", b"<!DOCTYPE html><p>x") == "page.html"
    assert loading_name("https://a.example/b", b"%PDF-1.7") == "page.pdf"
    assert loading_name("https://a.example/README.md", b"# Title") == "page.md"
    assert loading_name("https://a.example/robots", b"text") == "page.txt"
    assert loading_name("b.php", b"<!DOCTYPE html>") == "b.php"


def test_a_page_becomes_a_document_that_is_found_and_replaced(tmp_path):
    settings = load_settings(tmp_path / "data")
    with (
        Site(tea=moved("/real"), real=reply(PAGE), notes=reply("# Bees\n\nAbout bees.", "text/markdown")) as site,
        build_app(settings, owner=True, allows=lambda address: True) as app,
    ):
        base = app.library.create("b")
        url = f"{site.url}/tea"
        (job,) = app.jobs.wait(app.library.add_page(base.id, url))
        assert (job.kind, job.state, job.name) == ("ingest", "ready", url)
        hit = app.retriever.retrieve("龙井茶产于哪里", [base.id]).hits[0].chunk
        assert hit.document_name == url
        assert "<p>" not in hit.text
        site.pages["/real"] = reply(PAGE + "<p>狮峰山的龙井最为名贵。</p>")
        (job,) = app.jobs.wait(app.library.add_page(base.id, f"{url}#top"))
        assert job.state == "replaced"
        app.jobs.wait(app.library.reindex(base.id))
        assert [one.status for one in app.library.documents(base.id)] == ["ready"]
        (job,) = app.jobs.wait(app.library.add_page(base.id, f"{site.url}/gone"))
        assert (job.kind, job.state, job.error.code) == ("fetch", "failed", "web_status")
        site.pages["/gone"] = reply("Here it is after all, about wasps.", "text/plain")
        assert app.jobs.retry_failed(base.id) == 1
        assert [one.state for one in app.jobs.wait(job.batch_id)] == ["ready"]


def test_the_app_closes_at_once_while_a_server_is_silent_and_fetches_again_at_the_next_start(tmp_path):
    settings = load_settings(tmp_path / "data")
    with Site(page=reply(PAGE, delay_s=250.0)) as site:
        with build_app(settings, owner=True, allows=lambda address: True) as app:
            base = app.library.create("b")
            batch = app.library.add_page(base.id, f"{site.url}/page")
            until(lambda: site.requests)
        assert site.client_gone.wait(60), "closed long before the server would have answered"
        site.pages["/page"] = reply(PAGE)
        with build_app(settings, owner=True, allows=lambda address: True) as app:
            assert [job.state for job in app.jobs.wait(batch)] == ["ready"]
