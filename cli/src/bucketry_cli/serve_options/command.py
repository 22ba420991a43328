"""The command line of ``serve``, and of commands that look at its options without serving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, Any, Final

import click
from bucketry import BucketryError
from click.core import ParameterSource

from bucketry_cli.config import State
from bucketry_cli.errors import Failure
from bucketry_cli.serve_options.needs import Need

Problem = click.ClickException | BucketryError
_PROBLEMS: Final = "bucketry_cli.problems"


class Problems(click.ClickException):
    """Several problems, each in one sentence."""

    exit_code = 2

    def __init__(self, found: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(sentence, found)))
        self.found = tuple(found)

    def show(self, file: IO[Any] | None = None) -> None:
        """Writes each of them."""
        for problem in self.found:
            Failure(sentence(problem), getattr(problem, "hint", "")).show(file)


def sentence(problem: Problem) -> str:
    """Returns what a problem says."""
    if isinstance(problem, click.UsageError):
        return " ".join(problem.format_message().split())
    return problem.message if isinstance(problem, click.ClickException) else str(problem)


class OptionsCommand(click.Command):
    """A command that reads all its options before it refuses any, and says where a wrong value stands."""

    refuses: bool = True
    """Whether problems end the command; if not, it finds them with `problems_of`, and defaults in their place."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Reads the command line, the environment and the settings file, in the order of Click."""
        rest = super().parse_args(ctx, args)
        for parameter in self.params:
            if isinstance(parameter, ServeOption):
                parameter.refuse_if_ignored(ctx)
        problems = problems_of(ctx)
        if problems and self.refuses and not ctx.resilient_parsing:
            raise problems[0] if len(problems) == 1 else Problems(problems)
        return rest


def problems_of(ctx: click.Context) -> list[Problem]:
    """Returns what is wrong with the options of a command."""
    found: list[Problem] = ctx.meta.setdefault(_PROBLEMS, [])
    return found


class ServeOption(click.Option):
    """An option whose problems are found together with those of all others: see `OptionsCommand`.

    Attributes:
        need: Without what it would be ignored; ``None``: it never is.
    """

    def __init__(self, *arguments: Any, need: Need | None = None, **attributes: Any) -> None:
        self.need = need
        if need is not None:
            attributes["help"] = _with_rule(attributes["help"], need)
        super().__init__(*arguments, **attributes)

    def refuse_if_ignored(self, ctx: click.Context) -> None:
        """Finds a problem if the option is given and would be ignored, once the values of all options are known."""
        if self.need is None or ctx.get_parameter_source(str(self.name)) in {None, ParameterSource.DEFAULT}:
            return
        if not self.need.is_met({**ctx.params, "quotas": ctx.ensure_object(State).config.quotas}):
            problem = f"{_place(ctx, self)} {self.need.rule}: {self.need.advice}"
            problems_of(ctx).append(click.UsageError(problem, ctx))
            ctx.params[str(self.name)] = self._fallback()

    def handle_parse_result(
        self, ctx: click.Context, opts: Mapping[str, Any], args: list[str]
    ) -> tuple[Any, list[str]]:
        """Takes the option's value; in place of one that is wrong, the default."""
        try:
            return super().handle_parse_result(ctx, opts, args)
        except (click.UsageError, Failure, BucketryError) as error:
            if isinstance(error, click.BadParameter):
                error.param_hint = _place(ctx, self)
            problems_of(ctx).append(error)
        value = ctx.params[str(self.name)] = self._fallback()
        return value, args

    def _fallback(self) -> Any:
        usable = self.default if isinstance(self.default, str | int | float) else None
        return () if self.multiple else usable


def _with_rule(text: str, need: Need) -> str:
    """Returns a help text with a need in front of the note on the default, if there is one."""
    said, note, default = text.partition("  [default: ")
    return f"{said} {need.rule[0].upper()}{need.rule[1:]}.{note}{default}"


def _place(ctx: click.Context, parameter: click.Parameter) -> str:
    source = ctx.get_parameter_source(str(parameter.name))
    option = f"'{parameter.opts[0]}'"
    if source is ParameterSource.ENVIRONMENT:
        return f"{option} (the variable {parameter.envvar})"
    if source is ParameterSource.DEFAULT_MAP:
        return f"{option} ({parameter.name!r} in [serve] of {str(ctx.ensure_object(State).config_path)!r})"
    return option


def source_of(ctx: click.Context, parameter: click.Parameter) -> str:
    """Returns where the value of an option comes from."""
    source = ctx.get_parameter_source(str(parameter.name))
    if source is ParameterSource.ENVIRONMENT:
        return str(parameter.envvar)
    if source is ParameterSource.DEFAULT_MAP:
        return f"[serve] in {ctx.ensure_object(State).config_path}"
    return "command line" if source is ParameterSource.COMMANDLINE else "default"
