"""The syntax of a threshold, for lark. Imported only when there is one, as building the parser takes a while."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, cast

from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken, v_args

from stacks.user_input import shown

GRAMMAR: Final = r"""
    start: threshold (";" threshold)* ";"?
    threshold: METRIC ("(" (ARGUMENT ("," ARGUMENT)*)? ")")? COMPARISON NUMBER UNIT?
    METRIC: /[a-z][a-z0-9_]*(\.[a-z0-9_]+)*/
    ARGUMENT: /[a-z0-9][a-z0-9.-]*/
    COMPARISON: "<=" | ">=" | "==" | "!=" | "<" | ">"
    NUMBER: /[0-9]{1,15}(\.[0-9]{1,15})?/
    UNIT: /[a-zA-Zµ%]+/
    %import common.WS
    %ignore WS
"""


class NoThresholdError(ValueError):
    """A text is no threshold; the message says from where on."""


def tokens_of(text: str) -> list[list[Token]]:
    """The tokens of each threshold in ``text``.

    Raises:
        NoThresholdError: it holds none, or something else besides.
    """
    try:
        return cast("list[list[Token]]", _parser().parse(text))
    except UnexpectedInput as error:
        raise NoThresholdError(_where(error, text)) from None


@v_args(inline=True)
class _Reader(Transformer[Token, list[tuple[list[Token], int]]]):
    """Turns the tree into the tokens of each threshold."""

    def threshold(self, *tokens: Token) -> list[Token]:
        return list(tokens)

    def start(self, *thresholds: Any) -> list[Any]:
        return list(thresholds)


@cache
def _parser() -> Any:
    return Lark(GRAMMAR, parser="lalr", transformer=_Reader(), propagate_positions=False)


def _where(error: UnexpectedInput, text: str) -> str:
    place = error.pos_in_stream
    ended = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    if ended or place is None:
        return "ends too early"
    return f"is not a threshold from {shown(text[place : place + 20])} on"
