"""How settings are read: declare fields, report every problem at once, mask secrets."""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, dataclass_transform

from dotenv import dotenv_values

from healthberry.setting_values import Parse


class SettingsError(Exception):
    """Wrong or missing settings; `problems` holds one sentence for each of them."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def setting(about: str, *, parse: Parse, default: Any = dataclasses.MISSING, secret: bool = False) -> Any:
    """Declare one field; its name in the environment is the field's name in capitals.

    `about` is a phrase for people that ends with the unit in brackets where there is one. `parse` makes the value
    from text and raises `ValueError("must be …")`. A field without `default` is required.
    """
    if secret and default not in (dataclasses.MISSING, None):
        raise TypeError("a secret has no default")
    return dataclasses.field(default=default, metadata={"about": about, "parse": parse, "secret": secret})


def _masked(field: "dataclasses.Field[Any]", value: Any) -> str:
    if value in (None, ()) or isinstance(value, int):
        return repr(value)
    return "'…'" if field.metadata["secret"] else repr(value)


@dataclass_transform(field_specifiers=(setting,), kw_only_default=True, frozen_default=True)
class Environment:
    """A frozen group of fields that is read from the environment; see `setting`."""

    def __repr__(self) -> str:
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        inner = ", ".join(f"{field.name}={_masked(field, getattr(self, field.name))}" for field in fields)
        return f"{type(self).__name__}({inner})"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read every field from `environ`; empty counts as not set, other names are ignored.

        Raises: SettingsError with all problems, none of which quotes a value.
        """
        values: dict[str, Any] = {}
        problems: list[str] = []
        for field in dataclasses.fields(cls):  # type: ignore[arg-type]
            name = field.name.upper()
            given = environ.get(name, "").strip()
            if not given:
                if field.default is dataclasses.MISSING:
                    problems.append(f"{name} is not set: {field.metadata['about']}")
                continue
            try:
                values[field.name] = field.metadata["parse"](given)
            except ValueError as error:
                problems.append(f"{name} {error}")
        problems += cls.contradictions(values)
        if problems:
            raise SettingsError(problems)
        return cls(**values)

    @classmethod
    def load(cls, env_file: Path | str = ".env") -> Self:
        """Read the process environment, and beneath it the file `env_file` where there is one.

        Raises: SettingsError as `from_env`.
        """
        return cls.from_env(environment(env_file))

    @classmethod
    def contradictions(cls, values: Mapping[str, Any]) -> list[str]:
        """Say what is wrong between fields that are right by themselves."""
        return []


def environment(env_file: Path | str = ".env") -> dict[str, str]:
    """Give the process environment completed by `env_file`; what the process was given wins."""
    from_file = dotenv_values(env_file, interpolate=False)
    return {name: value for name, value in from_file.items() if value is not None} | dict(os.environ)
