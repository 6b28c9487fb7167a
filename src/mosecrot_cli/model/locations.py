"""What a user names as a model: a folder or an id on the hub; and what is said when it cannot be read."""

from __future__ import annotations

import os
from pathlib import Path
from pickle import UnpicklingError

from mosecrot_cli.errors import DataError, MosecrotError, SourceUnavailableError
from mosecrot_cli.model.checks import CONFIG, check_files
from mosecrot_cli.suggestions import did_you_mean, nearest_path

_MESSAGE_LENGTH = 240


def is_local(reference: str | Path) -> bool:
    """Whether a reference names a folder: it exists, or it is written as a path and cannot be a hub id."""
    text = str(reference)
    written_as_path = text.startswith((".", "~", os.sep)) or text.endswith(os.sep) or text.count("/") > 1
    return isinstance(reference, Path) or written_as_path or "\\" in text or Path(text).exists()


def located(reference: str | Path) -> str:
    """The folder that a reference names, as a path; of a hub id, the id.

    Raises:
        DataError: the folder is missing or no checkpoint.
    """
    if not is_local(reference):
        return str(reference)
    try:
        folder = Path(reference).expanduser()
    except RuntimeError:
        raise DataError("the home folder of this user is not known", where=str(reference)) from None
    if not folder.exists():
        raise DataError("no such folder", where=str(reference), hint=did_you_mean(folder))
    if not folder.is_dir():
        raise DataError("this is a file, but a checkpoint is a folder", where=str(reference))
    check_files(folder)
    if not (folder / CONFIG).is_file():
        raise DataError("not a checkpoint: there is no config.json in this folder", where=str(reference))
    return str(folder)


def explained(error: BaseException, located: str, part: str) -> MosecrotError:
    """What went wrong with reading a `part` of a checkpoint, in one line for the user."""
    from huggingface_hub import errors

    chain: list[BaseException] = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and isinstance(cause, Exception):
        chain.append(cause)
    if not is_local(located):
        hint = (
            "fetch config.json, model.safetensors and the tokenizer's files by hand and give their folder "
            "in place of the id, as in `source_model=DIR`"
        )
        near = nearest_path(located)
        if near and (near / CONFIG).is_file():
            return DataError(
                "no such folder, and no such model in the cache", where=located, hint=f"did you mean {near}?"
            )
        not_there = (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.HFValidationError)
        unreachable = (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled, errors.HfHubHTTPError)
        if any(isinstance(link, not_there) and not isinstance(link, errors.GatedRepoError) for link in chain):
            return DataError("neither a folder here nor a model on the hub", where=located, hint=hint)
        failed = (*unreachable, ConnectionError, TimeoutError)
        if any(isinstance(link, failed) or type(link).__module__.startswith("httpx") for link in chain):
            offline = any(isinstance(link, errors.OfflineModeIsEnabled) for link in chain)
            reason = "offline" if offline else "unreachable"
            return SourceUnavailableError(f"not in the cache, and the hub is {reason}", where=located, hint=hint)
    if any(isinstance(link, UnpicklingError) for link in chain):
        return DataError("its torch file is damaged or holds more than tensors", where=located)
    lines = str(error).strip().splitlines()
    said = f"{type(error).__name__} {lines[0]}" if lines and not isinstance(error, OSError) else "".join(lines[:1])
    return DataError(f"a broken {part}: {said[:_MESSAGE_LENGTH]}", where=located)


def own_code(located: str) -> DataError:
    """A checkpoint that brings code."""
    return DataError(
        "the checkpoint needs code of its own (auto_map), which is never run",
        where=located,
        hint="take a model whose class is in transformers",
    )
