"""Shell completion where click's own scripts fall short; imported only by a shell that asks."""

from __future__ import annotations

from click.shell_completion import FishComplete, ZshComplete, add_completion_class

_SET_UP = "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i }\n"


@add_completion_class
class Zsh(ZshComplete):
    """Also in a shell whose completion nobody has set up, where `compdef` is no command."""

    source_template = ZshComplete.source_template.replace("\n\n", f"\n\n{_SET_UP}\n", 1)


@add_completion_class
class Fish(FishComplete):
    """Also of values that hold a comma (`--stages a,b`), which click's script cuts off there."""

    source_template = FishComplete.source_template.replace('string split "," ', 'string split -m 1 "," ')
