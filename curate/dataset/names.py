"""Column names of the field: what people call the text, the label, the answer.

Lower case, words joined by `_`; the first of a list is the surest. A name matches as a whole, or as the last word of
a longer one (`comment_text`, `user_prompt`); whole names in other languages count as the English ones
(`curate.dataset.foreign`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Sequence
from functools import lru_cache

from curate.dataset.foreign import FOREIGN, TOGETHER
from curate.dataset.languages import in_language

NAMES: dict[str, tuple[str, ...]] = {
    "text": (
        "text", "content", "body", "full_text", "document", "sentence", "comment", "review", "utterance", "message",
        "query", "question", "utt", "tweet", "post", "article", "passage", "paragraph", "abstract", "description", "input",
        "prompt", "email", "sms", "ticket", "transcript", "headline", "summary", "title", "code",
    ),
    "label": (
        "label", "labels", "category", "intent", "class", "target", "sentiment", "topic", "emotion", "label_text",
        "label_name", "classification", "tag", "type", "rating", "stars", "polarity", "toxic", "toxicity", "spam",
        "hate", "offensive", "outcome", "y", "verdict", "stance", "genre", "subject", "priority", "decision", "income",
        "hired", "approved", "admitted", "default", "churn", "survived", "recidivism", "credit_risk", "loan_status",
        "diagnosis", "risk",
    ),
    "prompt": (
        "instruction", "prompt", "question", "query", "input", "problem", "user", "human", "source_text", "context",
        "task_prompt", "inputs",
    ),
    "completion": (
        "output", "completion", "response", "answer", "solution", "canonical_solution", "ground_truth", "target",
        "assistant", "reply", "outputs", "generation", "best_answer", "targets", "solutions", "answers", "ideal",
    ),
    "messages": ("messages", "conversations", "conversation", "dialogue", "dialog", "chat", "turns"),
    "chosen": ("chosen", "preferred", "winner", "accepted", "response_chosen", "chosen_response", "win", "preferred_output",
               "preferred_response"),
    "rejected": ("rejected", "dispreferred", "loser", "response_rejected", "rejected_response", "lose",
                 "non_preferred_output", "non_preferred_response", "dispreferred_response"),
    "tools": ("tools", "functions", "available_tools", "tool_definitions"),
    "group": (
        "gender", "sex", "race", "ethnicity", "age_group", "age_band", "age_bucket", "religion", "nationality",
        "dialect", "region", "group", "disability", "sexual_orientation", "orientation", "native_language",
        "marital_status", "veteran", "citizenship", "country_of_birth", "male", "female", "demographic",
        "demographic_group", "protected_group", "race_ethnicity", "customer_group", "country", "caste",
        "first_language",
    ),
    "split": ("split", "fold", "subset", "partition", "dataset_split", "data_split", "set"),
    "source": ("source", "origin", "url", "domain", "publisher", "data_source", "dataset", "dataset_name"),
    "time": (
        "timestamp", "created_at", "date", "datetime", "time", "created", "updated_at", "published_at", "created_utc",
        "published", "year",
    ),
    "weight": ("_weight", "weight", "sample_weight", "weights", "importance"),
}  # fmt: skip

PAIRS = (
    ("premise", "hypothesis"), ("sentence1", "sentence2"), ("sentence_1", "sentence_2"), ("question1", "question2"),
    ("text1", "text2"), ("text_a", "text_b"), ("sentence_a", "sentence_b"), ("question", "sentence"),
    ("evidence", "claim"), ("query", "product_title"), ("query", "title"), ("anchor", "positive"),
)  # fmt: skip
JUDGED = (
    ("evidence", "claim"), ("document", "claim"), ("doc", "claim"), ("context", "statement"), ("passage", "hypothesis"),
    ("passage", "statement"),
)
"""A passage, and the text beside it that a label is about."""
PROMPTED = (
    ("dialogue", "summary"), ("transcript", "summary"), ("document", "summary"), ("article", "summary"),
    ("article", "highlights"), ("article", "abstract"), ("text", "summary"), ("texte", "resume"), ("article", "headline"),
    ("input_text", "target_text"), ("source_text", "target_text"),
    ("source", "target"), ("src", "tgt"), ("comment", "reply"), ("message", "reply"),
    ("post", "comment"), ("ticket", "resolution"), ("question", "sql"), ("question", "query"), ("question", "answer"),
    ("diff_hunk", "review_comment"), ("diff", "review_comment"), ("diff", "comment"), ("diff", "commit_message"),
    ("diff", "message"), ("patch", "msg"), ("patch", "comment"), ("patch", "commit_message"),
    ("docstring", "code"), ("text", "code"), ("prompt", "code"), ("human", "bot"), ("human", "assistant"),
)  # fmt: skip
"""Prompt and completion by names that mean so only side by side, as whole names."""
SAID_TWICE = ("response", "answer", "completion", "output", "reply", "generation", "continuation", "candidate",
              "conversation", "messages", "summary", "translation")  # fmt: skip
"""What may be given in several versions, each in a column of its own."""
LISTED_TEXTS = (*NAMES["text"], "tokens", "words", "sentences", "paragraphs", "lines", "utterances", "dialog", "dialogue",
                "conversation", "turns", "data")  # fmt: skip
"""What a text may be called that is written as a list."""
LISTED_LABELS = frozenset(("categories", "classes", "intents", "topics", "tags", "sentiments", "emotions", "accept"))
"""What a list of classes may be called, beside the names of a label."""
TITLES = ("title", "headline")
THINGS = frozenset((
    "product", "produit", "produkt", "producto", "produto", "prodotto", "brand", "marque", "marke", "author", "auteur",
    "autor", "item", "article_number", "store", "shop", "seller",
))  # fmt: skip
"""What a review is about or by, as whole names: it is no label beside a rating."""
SPEAKERS = frozenset((
    "user", "human", "prompter", "customer", "assistant", "gpt", "chatgpt", "bot", "model", "system", "developer", "tool",
    "function", "observation",
))  # fmt: skip
SPEAKS_IN_TALK = ("role", "from", "speaker", "sender")
"""What a column of them is called, beside one that says which talk a message is of: who says it is no class of it."""
TALKS = frozenset(("conversation", "conv", "dialog", "dialogue", "thread", "session", "chat", "parent", "turn"))
"""Words by which such a column is named."""
SURE_LABELS = frozenset(NAMES["label"][:6])
"""Names that say label even where all values are the same."""
FEELINGS = ("label", "labels", "sentiment", "stance", "emotion", "mood")
"""Labels that are surer than a rating, also as the last word of a longer name."""
SYSTEM = {"system": 3, "system_prompt": 2, "system_message": 2}
"""What a model is told before all else, where it plays no role, and the words that it takes to be that."""
PASSAGES = frozenset((
    "context", "contexts", "ctx", "ctxs", "passage", "passages", "document", "documents", "article", "paragraph",
    "paragraphs", "background", "story", "support", "knowledge",
    "evidence", "facts", "premise", "questions", "persona", "table", "schema", "code", "diff", "input", "inputs",
    "ingredients", "directions", "steps", "procedure", "answers", "responses", "completions",
    "pos", "neg", "positives", "negatives", "positive_passages", "negative_passages",
    "positive_ctxs", "negative_ctxs", "hard_negative_ctxs", "hard_negatives", "diff_hunk", "patch",
))  # fmt: skip
"""What a question is about, or what is found for it."""
READ_BEFORE = frozenset((
    "context", "contexts", "ctx", "ctxs", "passage", "passages", "document", "documents", "article", "paragraph",
    "paragraphs", "background", "story", "support", "persona", "schema", "premise",
))  # fmt: skip
"""Passages that training reads before the prompt. Others may be made from the answer (`steps`, `evidence`, `code`)."""
READ_AFTER = frozenset(("input", "inputs"))
"""What an instruction is about, and training reads after it."""
READ_BY_CLASSIFIERS = frozenset(("context", "contexts", "ctx", "passage", "passages", "paragraph", "premise", "evidence"))
"""Passages that a text to be classified is about; others are as often the whole that it was cut from."""
TURNS_BEFORE = frozenset(("history", "chat_history", "dialogue_history"))
CHOICES = frozenset(("choices", "options", "candidates", "endings"))
LISTED_CHOICES = CHOICES | {"answers"}
"""The same, and a list of answers of which another column names the right one."""
LETTERS = "abcde"
CHOICE_COLUMNS = (
    ("opa", "opb", "opc", "opd"), ("option_a", "option_b", "option_c", "option_d", "option_e"),
    ("option1", "option2", "option3", "option4", "option5"),
    ("option_1", "option_2", "option_3", "option_4", "option_5"),
    ("choice0", "choice1", "choice2", "choice3", "choice4", "choice5"),
    ("answera", "answerb", "answerc"), ("answer_a", "answer_b", "answer_c"),
    ("answer0", "answer1", "answer2", "answer3"),
    ("ans0", "ans1", "ans2", "ans3"), ("sol1", "sol2"), ("ending0", "ending1", "ending2", "ending3"),
    ("distractor1", "distractor2", "distractor3"),
)  # fmt: skip
"""Choices in columns of their own; two of a family make one."""
ANSWER_KEYS = (
    "answer_key", "answer", "label", "cop", "correct_option", "correct_choice", "correct_answer", "correct", "answer_idx",
    "answer_index", "answer_id", "correct_answer_id", "correct_answer_idx",
    "correct_idx", "correct_index", "correct_answer_index", "gold", "target", "solution",
    "ground_truth",
)  # fmt: skip
"""Which of the choices is right, as whole names: only beside choices, and where the values name one of them."""
CHOSEN_FOR = (
    "question", "goal", "ctx", "question_stem", "stem", "sentence", "startphrase", "sent1", "premise", "prompt", "query",
    "problem", "text", "context", "passage", "input", "instruction",
)  # fmt: skip
"""What the choices answer or go on with, the surest first."""
MARKS = ("label", "is_correct", "correct")
"""What says in 0 and 1 whether an answer is right, as whole names."""
ASKED = frozenset(CHOSEN_FOR) - {"text", "input"}
"""Names of what choices answer that a text of a class does not have, as words of a column's."""
ABOUT_ROW = frozenset((
    "id", "uuid", "source", "sources", "url", "link", "title", "headline", "topic", "subject", "summary", "description",
    "note", "notes", "remark", "remarks", "comment", "comments", "explanation", "exp", "rationale", "reasoning", "thought",
    "thoughts", "cot", "hint", "hints", "feedback", "metadata", "meta", "info", "license", "citation", "reference",
    "references", "author", "date", "path", "file", "filename", "category", "label", "labels", "keywords", "tags", "test",
    "tests", "annotator", "translation",
))  # fmt: skip
"""What is known about a row, or was made from its answer: as whole names and as the last word of longer ones."""
NESTED_ANSWERS = ("answers", "answer", "answers_spans")
"""Lists of right answers, and answers with their places."""
KEYS = ("correct_answer", "correct_option", "correct_choice", "answer_key", "answer_idx", "answer_index", "answer_id")
"""How names of columns begin beside which a list of answers is one of choices."""
NO_ANSWERS = ("incorrect_", "wrong_", "negative_", "rejected_", "num_", "number_of_")
"""How names of columns begin that hold answers nobody should learn, or their number."""
THUMBS = ("label", "kto_tag", "thumbs_up", "thumb", "desirable", "is_desirable", "feedback", "approved", "accepted",
          "is_good", "good", "liked")  # fmt: skip
ALL = tuple(dict.fromkeys([*(name for names in NAMES.values() for name in names), *THUMBS]))

SPLIT_WORDS = {
    "train": "train", "training": "train", "trn": "train", "trainset": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "development": "validation", "eval": "validation", "evaluation": "validation",
    "test": "test", "testing": "test", "tst": "test", "holdout": "test", "heldout": "test", "held_out": "test",
}  # fmt: skip


def plain(name: str) -> str:
    """Lower case with `_` between words, the English of a known foreign name: `Comment Text`, `commentText` and
    `comment-text` are one name, and `Catégorie` is a label."""
    words = spelled(name)
    return FOREIGN.get(words, words) or name


def spelled(name: str) -> str:
    """Lower case with `_` between words, in the language it is in."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    bare = "".join(c for c in unicodedata.normalize("NFKD", words) if not unicodedata.combining(c))
    # Marks go where they only colour a Latin letter; vowels of Indic scripts and of Thai are marks too.
    words = bare if bare.isascii() else unicodedata.normalize("NFC", words)
    return re.sub(r"(?:[^\w\u0900-\u0eff]|_)+", "_", words.casefold()).strip("_")


def together(name: str) -> set[str]:
    """What a column may be called where its other half stands beside it."""
    words = spelled(name)
    accented = unicodedata.normalize("NFC", name).casefold()
    more = longer(words) - {"label"}
    return {words, plain(name), *TOGETHER.get(words, ()), *TOGETHER.get(accented, ()), *(more if len(more) == 1 else ())}


def thing(name: str) -> bool:
    """Whether a column is what a review is about or by."""
    return spelled(name) in THINGS


def is_id(name: str) -> bool:
    """Whether a name ends in `id`, as a word: `db_id`, `threadId`."""
    return spelled(name).rpartition("_")[2] == "id"


def names_class(name: str) -> bool:
    """Whether an id is that of a class: `category_id`."""
    return spelled(name).removesuffix("_id") in NAMES["label"]


def about_row(name: str) -> bool:
    """Whether a column is about its row (`source_url`, `notes`), not a part of what is learned."""
    return plain(name).rpartition("_")[2] in ABOUT_ROW


def label_ranks(names: Sequence[str], ratings: Container[str]) -> dict[str, float]:
    """How sure each of `names` is a label beside `ratings`, the surest lowest; those that say nothing are left out.

    `ratings` are the columns whose values are found to be ratings: surer than the last word of a longer name, but for
    that of a feeling.
    """
    surest = len(NAMES["label"])
    ranks: dict[str, float] = {}
    for name in names:
        found: float | None = rank(name, NAMES["label"])
        if found is None and name in ratings:
            found = surest - 0.5
        elif rank(name, FEELINGS) is not None and (found is None or found >= surest):
            found = surest - 0.75
        if found is not None:
            ranks[name] = found
    return ranks


def rank(name: str, names: Sequence[str]) -> int | None:
    """How sure `names` is of `name`: its place in the list, later for a match of the last word; None for no match."""
    wanted = plain(name.removesuffix("/0"))  # the one class of a list is called as the list is
    stripped = [known.strip("_") for known in names]
    if wanted in stripped:
        return stripped.index(wanted)
    for i, known in enumerate(stripped):
        if len(known) > 3 and wanted.endswith("_" + known) and "_id" not in wanted:
            return len(names) + i
    if names == NAMES["label"] and wanted.startswith(("is_", "has_", "was_", "label_", "pass_")):
        return 2 * len(names)
    if names != NAMES["label"]:
        return None
    stem = in_language(spelled(name))[0]
    abroad = "label" in longer(spelled(name.removesuffix("/0"))) or stem.endswith(("_label", "_labels"))
    return len(names) if abroad or stem in SURE_LABELS else None


_ELSEWHERE = {"theme", "intention", "intento", "etiquette", "nhan", "soru", "query", "questions"}
"""Words that are other things in English or half a word (`ui_theme`, `nhan_vien`, `sorun`)."""
_ABROAD = {
    what: frozenset(word for word, english in FOREIGN.items() if english in group) - _ELSEWHERE
    for what, group in (("label", NAMES["label"]), ("question", ("question",)), ("answer", ("answer",)))
}
_PHRASES = {what: tuple(f"{word}_" for word in sorted(words) if "_" in word) for what, words in _ABROAD.items()}
_BENT = {what: tuple(sorted(w for w in words if len(w) >= 8 - (what != "label"))) for what, words in _ABROAD.items()}
_UNSPACED = {what: tuple(sorted(w for w in words if w[0] >= "\u0e00" and len(w) > 1)) for what, words in _ABROAD.items()}


@lru_cache(maxsize=4096)
def longer(words: str) -> frozenset[str]:
    """What a longer name in another language speaks of (`label`, `question`, `answer`), as `spelled` writes it: by its
    first or last word (`categoría_del_ticket`, `frage_des_kunden`), inside a compound (`anfragekategorie`) or bent
    (`talep_kategorisi`); at the end in scripts without blanks (`问题类别`)."""
    first, *others = words.split("_")
    last = others[-1] if others else first
    if "id" in (first, *others) or words.endswith("categories"):
        return frozenset()
    found = set()
    for what, known in _ABROAD.items():
        whole = [word for word in (first, last) if others and word in known and (len(word) >= 4 or not word.isascii())]
        bent = any(word.startswith(_BENT[what]) and len(word) <= 13 for word in (first, last))
        if whole or bent or words.startswith(_PHRASES[what]) or last.endswith((*_BENT[what], *_UNSPACED[what])):
            found.add(what)
    return frozenset(found)
