"""The server as openai's client and langchain meet it."""

import asyncio
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import closing
from urllib.parse import urlsplit

import openai
import pytest
import pytest_asyncio
from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from openai.types.chat import ChatCompletionMessageParam

from tests.llm import (
    LanguageModelServer,
    Reply,
    Request,
    breaks_off,
    empty,
    endless,
    ends_early,
    fails,
    fails_midway,
    garbage,
    holds,
    html_error,
    says,
    slow,
    speaks,
    stalls,
    too_long,
    trails_off,
)

TRAM = "La ligne 4 coûtera 310 millions [1]."
QUESTION = "Que coûtera la ligne 4 ?"
ASKED: list[ChatCompletionMessageParam] = [
    {"role": "system", "content": "Réponds."},
    {"role": "user", "content": QUESTION},
]
SHORT = 0.1  # seconds; the patience of clients that are to lose it

# What both ways of asking raise; `invoke` waits for the whole answer, `stream` gets its pieces.
FAILURES: list[tuple[Reply, type[openai.APIError], int, str | None]] = [
    (fails(400), openai.BadRequestError, 400, None),
    (
        fails(400, code="context_length_exceeded"),
        openai.BadRequestError,
        400,
        "context_length_exceeded",
    ),
    (too_long("openai"), openai.BadRequestError, 400, "context_length_exceeded"),
    (too_long("llama.cpp"), openai.BadRequestError, 400, "400"),
    (too_long("vllm"), openai.BadRequestError, 400, "400"),
    (fails(401), openai.AuthenticationError, 401, "invalid_api_key"),
    (fails(403), openai.PermissionDeniedError, 403, "unsupported_country_region_territory"),
    (fails(404), openai.NotFoundError, 404, "model_not_found"),
    (fails(429), openai.RateLimitError, 429, "rate_limit_exceeded"),
    (fails(429, code="insufficient_quota"), openai.RateLimitError, 429, "insufficient_quota"),
    (fails(500), openai.InternalServerError, 500, None),
    (fails(503), openai.InternalServerError, 503, None),
    (html_error(502), openai.InternalServerError, 502, None),
    (html_error(404), openai.NotFoundError, 404, None),
]


@pytest.fixture
def server(language_model: LanguageModelServer) -> LanguageModelServer:
    return language_model


@pytest.fixture
def client(server: LanguageModelServer) -> Iterator[openai.OpenAI]:
    with client_of(server.url) as client:
        yield client


def client_of(url: str) -> openai.OpenAI:
    # Certificates, which take a while to load, are of no use here.
    connections = openai.DefaultHttpxClient(verify=False)
    return openai.OpenAI(
        base_url=url, api_key="k", max_retries=0, timeout=10, http_client=connections
    )


Build = Callable[..., BaseChatModel]


@pytest_asyncio.fixture
async def build(server: LanguageModelServer) -> AsyncIterator[Build]:
    """Makes langchain's models of this server, whose connections are closed afterwards."""
    with openai.DefaultHttpxClient(verify=False) as unused:
        async with openai.DefaultAsyncHttpxClient(verify=False) as connections:

            def model(timeout: float = 10, stream_usage: bool = False) -> BaseChatModel:
                return init_chat_model(
                    "openai:test",
                    base_url=server.url,
                    api_key="k",
                    http_client=unused,
                    http_async_client=connections,
                    max_retries=0,
                    timeout=timeout,
                    stream_usage=stream_usage,
                    # Its asyncio.wait_for loses cancellations of a lively stream in Python 3.11.
                    stream_chunk_timeout=None,
                )

            yield model


async def in_one(model: BaseChatModel) -> str:
    return str((await model.ainvoke(QUESTION)).content)


async def in_pieces(model: BaseChatModel) -> str:
    return "".join([str(chunk.content) async for chunk in model.astream(QUESTION)])


both_ways = pytest.mark.parametrize("ask", [in_one, in_pieces])
Ask = Callable[[BaseChatModel], Awaitable[str]]


def complete(client: openai.OpenAI) -> str:
    answer = client.chat.completions.create(model="test", messages=ASKED)
    return answer.choices[0].message.content or ""


def stream(client: openai.OpenAI) -> Generator[str, None, None]:
    with client.chat.completions.create(model="test", messages=ASKED, stream=True) as chunks:
        for chunk in chunks:
            if content := chunk.choices[0].delta.content:
                yield content


def fetch(url: str, body: bytes | None = None) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body)) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode()


def test_the_model_says_what_is_scripted(
    server: LanguageModelServer, client: openai.OpenAI
) -> None:
    server.script(says(TRAM))
    assert complete(client) == TRAM
    server.script(says(TRAM))
    pieces = list(stream(client))
    assert pieces == ["La", " ligne", " 4", " coûtera", " 310", " millions", " [1]."]


def test_a_request_is_kept_as_it_was_sent(
    server: LanguageModelServer, client: openai.OpenAI
) -> None:
    before = time.monotonic()
    client.chat.completions.create(model="petit", messages=ASKED, max_tokens=50)
    client.chat.completions.create(model="grand", messages=ASKED, max_completion_tokens=60)
    list(stream(client))
    first, second, third = server.requests
    assert first.messages == ASKED
    assert first.text == f"Réponds.\n{QUESTION}"
    assert (first.model, second.model, third.model) == ("petit", "grand", "test")
    assert (first.max_tokens, second.max_tokens, third.max_tokens) == (50, 60, None)
    assert (first.stream, third.stream) == (False, True)
    assert first.key == "k"
    assert before <= first.at <= second.at <= third.at <= time.monotonic()
    assert third.sent == len("Je ne sais pas.")
    assert not third.hung_up


def test_the_words_of_content_in_parts_are_read(
    server: LanguageModelServer, client: openai.OpenAI
) -> None:
    parts: list[ChatCompletionMessageParam] = [
        {"role": "user", "content": [{"type": "text", "text": "Combien ?"}]}
    ]
    client.chat.completions.create(model="test", messages=parts)
    assert server.requests[0].text == "Combien ?"


def test_replies_queue_up_and_then_the_default_is_used(
    server: LanguageModelServer, client: openai.OpenAI
) -> None:
    server.default = says("par défaut")
    server.script(says("un"), says("deux"))
    server.script(says("trois"))
    assert server.pending == 3
    answers = [complete(client) for _ in range(5)]
    assert answers == ["un", "deux", "trois", "par défaut", "par défaut"]
    assert server.pending == 0


def test_a_reply_may_depend_on_the_request(
    server: LanguageModelServer, client: openai.OpenAI
) -> None:
    server.default = lambda request: fails(429) if request.stream else says("non")
    assert complete(client) == "non"
    with pytest.raises(openai.RateLimitError):
        list(stream(client))
    server.script(speaks(lambda request: request.text.upper()))
    assert "LIGNE 4" in complete(client)


def test_pieces_are_the_tests_own(server: LanguageModelServer, client: openai.OpenAI) -> None:
    server.script(says("310 millions", pieces=["310 mil", "lions"]))
    assert list(stream(client)) == ["310 mil", "lions"]
    with pytest.raises(ValueError, match="not the text"):
        says("310 millions", pieces=["300", " millions"])


@pytest.mark.parametrize("text", ["", " ", "a", " a  b\n\n- c\n", "« 310 »\u00a0!"])
def test_nothing_is_lost_between_words(
    server: LanguageModelServer, client: openai.OpenAI, text: str
) -> None:
    server.default = says(text)
    assert complete(client) == text
    assert "".join(stream(client)) == text


def test_the_last_piece_waits_for_the_test(
    server: LanguageModelServer, client: openai.OpenAI
) -> None:
    go_on = threading.Event()
    server.script(says("310 millions [1].", until=go_on))
    pieces = stream(client)
    assert [next(pieces), next(pieces)] == ["310", " millions"]
    [request] = server.requests
    assert (request.sent, request.over) == (len("310 millions"), False)
    go_on.set()
    assert list(pieces) == [" [1]."]


@both_ways
async def test_a_held_answer_waits_for_the_test(
    server: LanguageModelServer, build: Build, ask: Ask
) -> None:
    go_on = threading.Event()
    server.script(holds(go_on, TRAM))
    answer = asyncio.ensure_future(ask(build()))
    [request] = await asyncio.to_thread(server.wait_for_requests, 1)
    assert (request.sent, request.over, answer.done()) == (0, False, False)
    go_on.set()
    assert await answer == TRAM


@both_ways
async def test_a_pause_lies_between_pieces(
    server: LanguageModelServer, build: Build, ask: Ask
) -> None:
    server.script(says("un deux trois", pause=0.03))
    start = time.monotonic()
    assert await ask(build()) == "un deux trois"
    assert time.monotonic() - start >= 0.06


def test_a_timeout_is_between_bytes_so_a_lively_stream_outlasts_it(
    server: LanguageModelServer, client: openai.OpenAI
) -> None:
    server.default = says("un deux trois quatre cinq", pause=0.15)
    hasty = client.with_options(timeout=0.5)
    assert "".join(stream(hasty)) == "un deux trois quatre cinq"
    with pytest.raises(openai.APITimeoutError):
        complete(hasty)


@both_ways
async def test_langchain_gets_the_text(server: LanguageModelServer, build: Build, ask: Ask) -> None:
    server.script(says(TRAM))
    assert await ask(build()) == TRAM
    [request] = server.requests
    assert request.messages == [{"role": "user", "content": QUESTION}]
    assert request.stream is (ask is in_pieces)


@pytest.mark.parametrize(("reply", "error", "status", "code"), FAILURES)
@both_ways
async def test_a_failure_is_the_error_of_its_status(
    server: LanguageModelServer,
    build: Build,
    ask: Ask,
    reply: Reply,
    error: type[openai.APIStatusError],
    status: int,
    code: str | None,
) -> None:
    server.script(reply)
    with pytest.raises(error) as failure:
        await ask(build())
    assert (failure.value.status_code, failure.value.code) == (status, code)


@pytest.mark.parametrize(("reply", "error", "status", "code"), FAILURES)
def test_openais_client_raises_the_same(
    server: LanguageModelServer,
    client: openai.OpenAI,
    reply: Reply,
    error: type[openai.APIStatusError],
    status: int,
    code: str | None,
) -> None:
    server.default = reply
    for ask in (complete, lambda client: list(stream(client))):
        with pytest.raises(error) as failure:
            ask(client)
        assert (failure.value.status_code, failure.value.code) == (status, code)


def test_a_failure_names_what_was_asked(server: LanguageModelServer, client: openai.OpenAI) -> None:
    server.script(fails(404), fails(401), fails(500, message="Panne."))
    with pytest.raises(openai.NotFoundError, match="model `test` does not exist"):
        complete(client)
    with pytest.raises(openai.AuthenticationError, match="key provided: k. You"):
        complete(client)
    with pytest.raises(openai.InternalServerError, match=r"Panne\."):
        complete(client)


def test_retry_after_is_honoured(server: LanguageModelServer, client: openai.OpenAI) -> None:
    server.script(fails(429, headers={"retry-after-ms": "120"}), says(TRAM))
    assert "".join(stream(client.with_options(max_retries=1))) == TRAM
    first, second = server.requests
    assert second.at - first.at >= 0.12


def test_retry_after_can_be_read(server: LanguageModelServer, client: openai.OpenAI) -> None:
    server.script(fails(429, headers={"Retry-After": "20"}))
    with pytest.raises(openai.RateLimitError) as failure:
        complete(client)
    assert failure.value.response.headers["Retry-After"] == "20"


@pytest.mark.parametrize("reply", [slow(TRAM, before=30), stalls(TRAM), endless("Encore. ")])
async def test_one_who_waits_for_all_of_it_loses_patience(
    server: LanguageModelServer, build: Build, reply: Reply
) -> None:
    server.script(reply)
    with pytest.raises(openai.APITimeoutError):
        await in_one(build(timeout=SHORT))
    [request] = await asyncio.to_thread(server.wait_for_requests, 1)
    await asyncio.to_thread(request.wait_until_hung_up)


async def test_a_slow_stream_times_out_before_its_first_piece(
    server: LanguageModelServer, build: Build
) -> None:
    server.script(slow(TRAM, before=30))
    with pytest.raises(openai.APITimeoutError):
        await in_pieces(build(timeout=SHORT))
    [request] = await asyncio.to_thread(server.wait_for_requests, 1)
    await asyncio.to_thread(request.wait_until_hung_up)
    assert request.sent == 0


@both_ways
async def test_a_slow_answer_comes_to_the_patient(
    server: LanguageModelServer, build: Build, ask: Ask
) -> None:
    server.script(slow(TRAM, before=0.05))
    start = time.monotonic()
    assert await ask(build()) == TRAM
    assert time.monotonic() - start >= 0.05


async def gather(model: BaseChatModel, into: list[str]) -> None:
    async for chunk in model.astream(QUESTION):
        into.append(str(chunk.content))


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (stalls(TRAM), openai.APITimeoutError),
        (breaks_off(TRAM), openai.APIConnectionError),
        (fails_midway(TRAM, "Panne."), openai.APIError),
    ],
)
async def test_a_stream_gives_its_words_and_then_fails(
    server: LanguageModelServer, build: Build, reply: Reply, error: type[openai.APIError]
) -> None:
    server.script(reply)
    words: list[str] = []
    with pytest.raises(error):
        await gather(build(timeout=0.5), words)
    assert "".join(words) == TRAM
    assert server.requests[0].sent == len(TRAM)


async def test_an_answer_in_one_fails_where_a_stream_would(
    server: LanguageModelServer, build: Build
) -> None:
    server.script(breaks_off(TRAM), fails_midway(TRAM, "Panne."))
    with pytest.raises(openai.APIConnectionError):
        await in_one(build())
    with pytest.raises(openai.InternalServerError, match=r"Panne\."):
        await in_one(build())


@pytest.mark.parametrize(
    ("reply", "text", "finish"),
    [
        (says(TRAM), TRAM, "stop"),
        (ends_early(TRAM), TRAM, "length"),
        (empty(), "", "stop"),
        (trails_off(TRAM), TRAM, None),
    ],
)
async def test_why_an_answer_ends_is_told(
    server: LanguageModelServer, build: Build, reply: Reply, text: str, finish: str | None
) -> None:
    server.default = reply
    answer = await build().ainvoke(QUESTION)
    assert (answer.content, answer.response_metadata.get("finish_reason")) == (text, finish)
    chunks = [chunk async for chunk in build().astream(QUESTION)]
    assert "".join(str(chunk.content) for chunk in chunks) == text
    reasons = [chunk.response_metadata.get("finish_reason") for chunk in chunks]
    assert [reason for reason in reasons if reason] == ([finish] if finish else [])


@pytest.mark.parametrize(
    "reply", [garbage(), garbage("[1]"), html_error(200)], ids=["broken", "list", "html"]
)
@both_ways
async def test_what_is_not_the_protocol_is_an_error_of_another_family(
    server: LanguageModelServer, build: Build, ask: Ask, reply: Reply
) -> None:
    server.script(reply)
    with pytest.raises((ValueError, TypeError, AttributeError)):  # JSONDecodeError is a ValueError
        await ask(build())


async def test_usage_is_counted_where_it_is_asked_for(
    server: LanguageModelServer, build: Build
) -> None:
    server.default = says(TRAM)
    counts = [chunk.usage_metadata async for chunk in build(stream_usage=True).astream(QUESTION)]
    [usage] = [count for count in counts if count]
    assert (usage["input_tokens"], usage["output_tokens"]) == (6, 7)
    assert server.requests[0].with_usage
    assert (await build().ainvoke(QUESTION)).usage_metadata == usage


@pytest.mark.parametrize("reply", [endless("Encore. "), stalls(TRAM), says(TRAM, pause=30)])
async def test_a_cancelled_stream_is_hung_up(
    server: LanguageModelServer, build: Build, reply: Reply
) -> None:
    server.script(reply)
    listening = asyncio.create_task(in_pieces(build()))
    [request] = await asyncio.to_thread(server.wait_for_requests, 1)
    await asyncio.to_thread(request.wait_until_sent, 2)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    await asyncio.to_thread(request.wait_until_hung_up)
    assert request.hung_up
    assert request.over


@pytest.mark.parametrize("held", [holds(threading.Event()), says(TRAM, until=threading.Event())])
@both_ways
async def test_one_who_hangs_up_on_a_held_answer_is_noticed(
    server: LanguageModelServer, build: Build, ask: Ask, held: Reply
) -> None:
    server.script(held)
    listening = asyncio.ensure_future(ask(build()))
    [request] = await asyncio.to_thread(server.wait_for_requests, 1)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    await asyncio.to_thread(request.wait_until_hung_up)


def test_a_stream_left_in_the_middle_is_hung_up(
    server: LanguageModelServer, client: openai.OpenAI
) -> None:
    server.script(endless("Encore. "))
    with closing(stream(client)) as pieces:
        assert next(pieces) == "Encore. "
    server.requests[0].wait_until_hung_up()


def test_waiting_in_vain_says_for_what(server: LanguageModelServer, client: openai.OpenAI) -> None:
    with pytest.raises(AssertionError, match="0 of 1 requests"):
        server.wait_for_requests(1, timeout=0.01)
    complete(client)
    [request] = server.wait_for_requests(1)
    with pytest.raises(AssertionError, match="the client did not hang up"):
        request.wait_until_hung_up()
    with pytest.raises(AssertionError, match="fewer than 1000"):
        request.wait_until_sent(1000)


async def test_requests_are_served_at_the_same_time(
    server: LanguageModelServer, build: Build
) -> None:
    everyone_came = threading.Event()
    server.default = holds(everyone_came, TRAM)
    answers = [asyncio.create_task(in_pieces(build())) for _ in range(20)]
    await asyncio.to_thread(server.wait_for_requests, 20)
    everyone_came.set()
    assert await asyncio.gather(*answers) == [TRAM] * 20


def test_connections_are_kept(server: LanguageModelServer) -> None:
    address = urlsplit(server.url)
    body = json.dumps({"model": "test", "messages": ASKED, "stream": True}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with socket.create_connection((address.hostname, address.port)) as connection:
        for _ in range(2):
            connection.sendall(head + body)
            received = b""
            while not received.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n"):
                received += connection.recv(65536)
            assert b"Content-Type: text/event-stream" in received
    assert len(server.requests) == 2
    assert [request.hung_up for request in server.requests] == [False, False]


def test_models_are_listed(server: LanguageModelServer, client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["test"]
    server.models = ("petit", "grand")
    assert [model.id for model in client.models.list()] == ["petit", "grand"]
    assert server.requests == []


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("/embeddings", b"{}", 404, "Invalid URL (POST /v1/embeddings)"),
        ("/engines", None, 404, "Invalid URL (GET /v1/engines)"),
        ("/chat/completions", b"{", 400, "could not parse the JSON"),
        ("/chat/completions", b"[]", 400, "must provide a model"),
        ("/chat/completions", b"{}", 400, "must provide a model"),
        ("/chat/completions", b'{"model":"a","messages":[]}', 400, "Invalid 'messages'"),
        ("/chat/completions", b'{"model":"a","messages":[{}]}', 400, "Invalid 'messages[0]'"),
    ],
)
def test_what_is_no_request_is_refused(
    server: LanguageModelServer, path: str, body: bytes | None, status: int, message: str
) -> None:
    got, answer = fetch(server.url + path, body)
    assert got == status
    assert message in json.loads(answer)["error"]["message"]
    assert server.requests == []


def test_servers_run_side_by_side() -> None:
    with LanguageModelServer() as one, LanguageModelServer() as other:
        assert one.url != other.url


def test_closing_ends_what_is_under_way() -> None:
    never = threading.Event()
    replies: list[Reply] = [stalls(TRAM), endless("Encore. "), holds(never), slow(TRAM, before=30)]
    raised: list[type[BaseException]] = []

    def ask(client: openai.OpenAI) -> None:
        try:
            list(stream(client))
        except openai.APIConnectionError as error:
            raised.append(type(error))

    before = set(threading.enumerate())
    with LanguageModelServer() as server:
        server.script(*replies)
        with client_of(server.url) as client:
            asking = [threading.Thread(target=ask, args=(client,)) for _ in replies]
            for thread in asking:
                thread.start()
            server.wait_for_requests(len(replies))
            server.__exit__(None, None, None)
            for thread in asking:
                thread.join()
    assert raised == [openai.APIConnectionError] * len(replies)
    assert not [request for request in server.requests if request.hung_up]
    assert set(threading.enumerate()) <= before


async def test_a_closed_server_cannot_be_reached() -> None:
    with LanguageModelServer() as server:
        url = server.url
    async with openai.AsyncOpenAI(base_url=url, api_key="k", max_retries=0) as client:
        with pytest.raises(openai.APIConnectionError):
            await client.chat.completions.create(model="test", messages=ASKED)


def _breaks(request: Request) -> str:
    raise LookupError("no passage")


def ask_one_that_breaks() -> None:
    with LanguageModelServer() as server:
        server.script(speaks(_breaks))
        with client_of(server.url) as client:
            complete(client)


def test_a_failure_in_the_server_is_told_with_the_tests_own() -> None:
    with pytest.raises(openai.APIConnectionError) as failure:
        ask_one_that_breaks()
    assert "no passage" in failure.value.__notes__[0]


def test_a_failure_in_the_server_is_raised_where_the_test_did_not_fail() -> None:
    server = LanguageModelServer()
    server.script(speaks(_breaks))
    server.__enter__()
    with client_of(server.url) as client:
        with pytest.raises(openai.APIConnectionError):
            complete(client)
    with pytest.raises(AssertionError, match="server of the language model failed") as failure:
        server.__exit__(None, None, None)
    assert isinstance(failure.value.__cause__, LookupError)
