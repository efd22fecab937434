# SPDX-License-Identifier: Apache-2.0
"""What a client is told when something fails, in the words and with the statuses of Qdrant."""
import errno
import os


class ApiError(Exception):
    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status
        self.message = message


def bad_json(reason: str) -> ApiError:
    """The body is no JSON, or not of the shape that the route takes."""
    return ApiError(400, f"Format error in JSON body: {reason}")


def bad_value(reason: str) -> ApiError:
    """Well-formed, but out of the allowed range."""
    return ApiError(422, f"Validation error in JSON body: [{reason}]")


def wrong_input(reason: str) -> ApiError:
    return ApiError(400, f"Wrong input: {reason}")


def unsupported(what: str) -> ApiError:
    """A part of Qdrant's API that grove does not use: refused, never ignored."""
    return wrong_input(f"{what} is not supported by the private vector server")


def no_collection(name: str) -> ApiError:
    return ApiError(404, f"Not found: Collection `{name}` doesn't exist!")


def is_disk_full(reason: str) -> bool:
    return any(os.strerror(number) in reason for number in (errno.ENOSPC, errno.EDQUOT))


def internal(reason: str) -> ApiError:
    return ApiError(507 if is_disk_full(reason) else 500, f"Service internal error: {reason}")


def of_engine(error: BaseException) -> ApiError:
    """The engine raises plain exceptions; their text begins with their kind."""
    text = str(error) or type(error).__name__
    if isinstance(error, OSError) or is_disk_full(text) or \
            text.startswith("Service runtime error: "):
        return internal(text.removeprefix("Service runtime error: "))
    if type(error) in (Exception, ValueError, TypeError, OverflowError):
        return wrong_input(text.split("\n")[0])
    return internal(f"{type(error).__name__}: {text}")
