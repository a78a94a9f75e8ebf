"""Makes every object once and wires them; the providers themselves are chosen in ``providers/configured.py``."""

import logging

from ingestion.protocols import Embedder
from kb_app.errors import DataFolderBusyError
from kb_app.models import ErrorInfo, Notice
from kb_app.providers.configured import ONNX_FOLDER, builtin_providers, configured_registry, configured_reranker
from kb_app.providers.ollama import OllamaProvider
from kb_app.retrieval.retriever import Retriever
from kb_app.services.answers.answering import Answering
from kb_app.services.answers.attachments import Attachments
from kb_app.services.answers.knowledge import Knowledge
from kb_app.services.answers.prompt_preview import PromptPreview
from kb_app.services.answers.rewriting import Rewriting
from kb_app.services.conversations.exporting import ConversationExporter
from kb_app.services.conversations.history import History
from kb_app.services.conversations.importing import ConversationImporter
from kb_app.services.conversations.titles import Titles
from kb_app.services.corrections.curation import Corrections
from kb_app.services.corrections.freshness import Freshness
from kb_app.services.corrections.reuse import Reuse
from kb_app.services.doctor import Doctor
from kb_app.services.documents.intake import Intake, Repositories
from kb_app.services.documents.jobs import Jobs
from kb_app.services.documents.library import Library
from kb_app.services.documents.page_images import PageImages
from kb_app.services.documents.passwords import Passwords
from kb_app.services.documents.summaries import Summaries
from kb_app.services.documents.tagging import Tagging
from kb_app.services.documents.web import AddressPolicy, is_public
from kb_app.services.evaluation.runs import EvaluationRuns, Market
from kb_app.services.evaluation.sets import Evaluation
from kb_app.services.evaluation.worker import Bench, EvaluationWorker
from kb_app.services.indexing.indexes import Indexes
from kb_app.services.indexing.renewal import renew_outdated
from kb_app.services.indexing.summarising import Summariser
from kb_app.services.indexing.watching import Watching
from kb_app.services.indexing.worker import Worker
from kb_app.services.models.calls import ModelCalls
from kb_app.services.models.catalog import Models
from kb_app.services.models.choices import ModelChoices
from kb_app.services.models.hardware import Hardware
from kb_app.services.models.keys import Keys
from kb_app.services.models.store import ModelStore, OnnxStore
from kb_app.services.models.trials import Trials
from kb_app.services.notices import Notices
from kb_app.services.prompting.store import Prompts
from kb_app.services.training.exporting import Exports
from kb_app.services.training.tasks import ExportTasks
from kb_app.settings import Settings
from kb_app.storage.bases import BaseRepository
from kb_app.storage.chunks import ChunkRepository
from kb_app.storage.conversation_imports import ConversationImports
from kb_app.storage.conversations import ConversationRepository
from kb_app.storage.correction_queue import CorrectionQueue
from kb_app.storage.corrections import CorrectionRepository
from kb_app.storage.database import DATABASE_FILE, Database
from kb_app.storage.documents import DocumentRepository
from kb_app.storage.evaluation import EvaluationRepository
from kb_app.storage.evaluation_runs import EvaluationRunRepository
from kb_app.storage.files import ORIGINALS, OriginalStore
from kb_app.storage.jobs import JobRepository
from kb_app.storage.lock import DataFolderLock, folder_error, prepare_data_dir
from kb_app.storage.message_index import MessageIndex
from kb_app.storage.migrate import migrate, wait_for_schema
from kb_app.storage.model_calls import ModelCallRepository
from kb_app.storage.passages import PassageRepository
from kb_app.storage.prompts import PromptRepository
from kb_app.storage.rated_answers import RatedAnswers
from kb_app.storage.shelf import ShelfRepository
from kb_app.storage.summaries import SummaryRepository
from kb_app.storage.tags import TagRepository
from kb_app.storage.training import TrainingRepository
from kb_app.storage.watched import WatchedRepository

_LOG = logging.getLogger(__name__)


class App:
    """Everything a user can do, over one data folder. Use as a context manager, or call :meth:`close`."""

    def __init__(self, settings: Settings, lock: DataFolderLock | None, allows: AddressPolicy = is_public) -> None:
        """Open the data folder; with a ``lock`` as its owner: migrate, repair, and start the worker."""
        self.settings = settings
        self.notices = Notices()
        self._lock = lock
        self._database = Database(settings.data_dir / DATABASE_FILE)
        if lock is not None:
            migrate(self._database)
        else:
            wait_for_schema(self._database)
        self._repositories = repositories = Repositories(
            bases=BaseRepository(self._database),
            documents=DocumentRepository(self._database),
            chunks=ChunkRepository(self._database),
            jobs=JobRepository(self._database),
            originals=OriginalStore(settings.data_dir / ORIGINALS),
        )
        conversations = ConversationRepository(self._database)
        corrections = CorrectionRepository(self._database)
        self._indexes = Indexes(settings.data_dir / "index", repositories.bases, repositories.chunks, self.notices)
        self.prompts = Prompts(PromptRepository(self._database))
        self._make_models(repositories.bases)
        intake = self._make_documents(repositories, allows)
        self._make_search(repositories, corrections)
        self._make_corrections(corrections, conversations)
        self._make_conversations(conversations, intake)
        self._make_answering(conversations)
        self._make_exports(corrections, conversations)
        self.doctor = Doctor(settings, self._database, repositories.bases, self._indexes, self.models)
        if lock is not None:
            self._take_over(repositories, conversations)

    def _make_models(self, bases: BaseRepository) -> None:
        known = [info for provider in builtin_providers() for info in provider.models()]
        self.models = Models(configured_registry(self.settings), known)
        self.model_choices = ModelChoices(self.settings, bases)
        self.model_use = ModelCallRepository(self._database)
        self.model_calls = ModelCalls(self.models.chat, self.model_use, self.model_choices)
        self.trials = Trials(self.models.chat, self.models.embedder)
        self.keys = Keys(self.settings, self._use_providers)
        self.model_store = ModelStore(self._ollama, self.models.ask_again)
        self.onnx_store = OnnxStore(
            self.settings.data_dir / ONNX_FOLDER, lambda: self.model_choices.onnx_mirror, self.models.ask_again
        )
        self.hardware = Hardware()

    def _make_documents(self, repositories: Repositories, allows: AddressPolicy) -> Intake:
        """Make what brings documents in and keeps them in step; return the way in for others who add some."""
        settings = self.settings
        passwords = Passwords(is_owner=self.is_owner)
        intake = Intake(repositories, passwords, limit_mb=settings.max_upload_mb)
        cards = SummaryRepository(self._database)
        watched = WatchedRepository(self._database)
        self.jobs = Jobs(repositories.jobs, repositories.bases)
        self.library = Library(settings, repositories, intake, self.models.dimension_of)
        self.summaries = Summaries(repositories, cards, self.models.chat, self.model_choices.price)
        self.tagging = Tagging(TagRepository(self._database))
        self.page_images = PageImages(repositories.documents, repositories.originals, passwords)
        self.watching = Watching(settings.data_dir, repositories, watched, intake, self.library, self.notices)
        self._worker = Worker(repositories, self._indexes, self.models.embedder, intake, cards, allows)
        self._summariser = Summariser(repositories, cards, self.model_calls, self.prompts)
        return intake

    def _make_search(self, repositories: Repositories, corrections: CorrectionRepository) -> None:
        def embedder_for(base_id: str) -> Embedder:
            return self.models.embedder(repositories.bases.embedder_of(base_id))

        reranker = configured_reranker(self.settings)
        self.retriever = Retriever(repositories.chunks, self._indexes.keyword, self._indexes, embedder_for, reranker)
        self.reuse = Reuse(corrections, repositories.bases, embedder_for)
        self.prompt_preview = PromptPreview(self.library, self.retriever, top_k=self.settings.top_k)

    def _make_corrections(self, corrections: CorrectionRepository, conversations: ConversationRepository) -> None:
        settings, find_base = self.settings, self._repositories.bases.get
        self.corrections = Corrections(
            corrections, conversations, find_base, top_k=settings.top_k, needs_second_person=settings.second_reviewer
        )
        self.correction_queue = CorrectionQueue(self._database)
        self.freshness = Freshness(corrections, PassageRepository(self._database), self.notices)

    def _make_conversations(self, conversations: ConversationRepository, intake: Intake) -> None:
        shelf = ShelfRepository(self._database)
        self.attachments = Attachments(self.settings, self._repositories, conversations, intake, self.library)
        self.history = History(conversations, shelf, MessageIndex(self._database), self.attachments.sweep)
        self.exporter = ConversationExporter(self.history, conversations)
        self.importer = ConversationImporter(ConversationImports(self._database))
        self._titles = Titles(conversations, shelf, self.models.chat, self.model_calls, self.prompts)

    def _make_answering(self, conversations: ConversationRepository) -> None:
        self.answering = Answering(
            Knowledge(
                conversations=conversations,
                retriever=self.retriever,
                rewriting=Rewriting(self.models.chat, self.model_calls, self.prompts),
                reuse=self.reuse,
                living=self.library.living,
                attachments=self.attachments,
                pages_of=lambda document_id: self.library.text(document_id).pages,
                top_k=self.settings.top_k,
            ),
            self.model_calls,
            self.prompts,
            options=self.model_choices.answer_options,
        )
        self.answering.listen(self._titles.answered)

    def _make_exports(self, corrections: CorrectionRepository, conversations: ConversationRepository) -> None:
        """Make what turns corrections into training data, and what tests models with them."""
        choices, repositories = self.model_choices, self._repositories
        training = TrainingRepository(self._database)
        rated = RatedAnswers(self._database, conversations)
        self.exports = Exports(repositories.bases, corrections, rated, training, self.prompts)
        self.export_tasks = ExportTasks(self.exports)
        self.evaluation = Evaluation(EvaluationRepository(self._database), corrections, training)
        runs = EvaluationRunRepository(self._database)
        market = Market(
            base=repositories.bases.get, chat=self.models.chat, price=choices.price, options=choices.answer_options
        )
        self.evaluation_runs = EvaluationRuns(runs, self.evaluation, self.prompts, market, self.resume_evaluation)
        bench = Bench(
            retriever=self.retriever,
            reuse=self.reuse,
            calls=self.model_calls,
            prompts=self.prompts,
            chunks=repositories.chunks.of_base,
            options=choices.answer_options,
        )
        self._evaluation_worker = EvaluationWorker(runs, self.evaluation, bench)

    @property
    def is_owner(self) -> bool:
        """Whether this process owns the data folder and does its jobs."""
        return self._lock is not None

    def resume_evaluation(self) -> None:
        """Begin to evaluate, with the runs that were interrupted first; left to its owner beside one."""
        if self.is_owner:
            self._evaluation_worker.start()

    def renew_indexes(self) -> None:
        """Index anew, in the background, what an earlier version indexed; for the app that stays open, not commands."""
        if self.is_owner:
            renew_outdated(self._repositories, self.notices)

    def close(self) -> None:
        """Stop answers and the worker, and let go of the data folder."""
        for users in (self.answering, self._titles, self.importer, self.history, self.model_store, self.onnx_store):
            users.close()
        for worker in (self._summariser, self._evaluation_worker, self.export_tasks, self.watching, self.freshness):
            worker.close()
        for store in (self._worker, self._indexes, self._database):  # in this order: each works on those behind it
            store.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> "App":
        """Return the app itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def _use_providers(self, settings: Settings) -> None:
        self.models.reload(configured_registry(settings))
        self.model_choices.use(settings)
        self.trials.clear()

    def _ollama(self) -> OllamaProvider:
        provider = self.models.providers[OllamaProvider.name]
        assert isinstance(provider, OllamaProvider)
        return provider

    def _take_over(self, repositories: Repositories, conversations: ConversationRepository) -> None:
        if interrupted := conversations.interrupt_streaming(ErrorInfo(code="app_stopped")):
            self.notices.add(Notice(key="answers_interrupted", params={"count": interrupted}, level="warning"))
        if waiting := [job for job in repositories.jobs.active() if not job.tidies_up]:
            self.notices.add(Notice(key="jobs_resumed", params={"count": len(waiting)}))
        repositories.originals.keep_only(repositories.documents.digests() | repositories.jobs.active_digests())
        self.history.start()
        self._indexes.check()
        self._worker.start()
        for base in repositories.bases.all():
            self.summaries.catch_up(base)
        self._summariser.start()
        self.watching.start()
        self.freshness.start()


def build_app(settings: Settings, *, owner: bool | None = None, allows: AddressPolicy = is_public) -> App:
    """Return the app over ``settings.data_dir``.

    Args:
        settings: From :func:`kb_app.settings.load_settings`.
        owner: True to own the folder, False to use it beside its owner, None to own it if nobody does.
        allows: Which IP addresses pages may be fetched from.

    Raises:
        DataFolderError, DiskFullError: the folder cannot be made or written.
        DataFolderBusyError: ``owner`` is True and another process owns the folder.
        StorageError: the database belongs to a newer version.
        ConfigurationError: a provider's address is not one.
    """
    prepare_data_dir(settings.data_dir)
    lock = None
    if owner is not False:
        try:
            lock = DataFolderLock(settings.data_dir)
        except DataFolderBusyError:
            if owner:
                raise
            _LOG.info("another process owns the data folder; working beside it")
    try:
        return App(settings, lock, allows)
    except BaseException as error:
        if lock is not None:
            lock.release()
        if isinstance(error, OSError):
            raise folder_error(settings.data_dir, error) from error
        raise
