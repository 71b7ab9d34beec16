"""What is counted of a text, and in which column of the table of counts."""

from __future__ import annotations

COLUMNS = (
    "chars", "spaces", "words", "word_chars", "letters", "upper", "digits", "punctuation", "symbols", "control",
    "format", "private", "replaced", "lines", "bullets", "ellipses", "stopped_lines", "fences", "sentences",
    "lower_starts", "round_open", "square_open", "curly_open", "longest_run", "longest_word", "first", "last",
    "last_class", "last_line_words", "last_line_bullet", "common", "loop_words", "loop_times", "repeated",
    "distinct", "alpha_words", "code_marks", "hashes", "names", "space_before_stop", "double_spaces", "lone_i",
    "repeated_lines", "repeated_line_chars", "stop_words", "paragraphs", "headings", "stray_close", "dots", "short_lines",
    "round_pairs", "slips", "trailing_blanks", "setting_off",
)  # fmt: skip
"""What is counted; see `curate.quality.features` for what each means."""
(CHARS, SPACES, WORDS, WORD_CHARS, LETTERS, UPPERS, DIGITS, PUNCT, SYMBOLS, CONTROLS, FORMATS, PRIVATES, LOST, LINES,
 BULLETS, ELLIPSES, STOPPED, FENCES, SENTENCES, LOWER_STARTS, ROUND, SQUARE, CURLY, RUN, LONGEST, FIRST, LAST, LAST_CLASS,
 LAST_WORDS, LAST_BULLET, COMMON, LOOP_WORDS, LOOP_TIMES, REPEATED, DISTINCT, ALPHA, CODE, HASHES, NAMES, GAPPED, DOUBLE,
 LONE_I, DUP_LINES, DUP_CHARS, STOP_WORDS, PARAGRAPHS, HEADINGS, STRAY, DOTS, SHORT,
 PAIRS, SLIPS, TRAILING, OFF) = range(len(COLUMNS))  # fmt: skip
