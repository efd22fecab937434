# SPDX-License-Identifier: Apache-2.0
"""Mutants of bindings/python: signals, threads, forks, handles that are closed."""

from mutant import Mutant

PYTHON = "tests/e2e/test_python.py::"
HANDLE = "bindings/python/grove/_handle.py"

MUTANTS = [
    Mutant(
        name="ctrl-c-leaves-the-call-under-way",
        guards="bindings/python/README: errors",
        file=HANDLE,
        find="        except BaseException:\n            token.cancel()\n",
        replace="        except BaseException:\n",
        killer=PYTHON + "test_ctrl_c_cancels_the_call",
        limit_seconds=180,
    ),
    Mutant(
        name="a-daemon-goes-on-while-the-interpreter-ends",
        guards="bindings/python/README: processes",
        file=HANDLE,
        find="            _stay_where_the_program_ends()\n",
        replace="",
        killer=PYTHON + "test_a_program_ends_with_a_call_under_way",
        limit_seconds=180,
    ),
    Mutant(
        name="a-call-in-a-child-waits-for-the-parent-s-lock",
        guards="bindings/python/README: processes",
        file=HANDLE,
        find="        if os.getpid() != self.process:\n            raise",
        replace="        if os.getpid() == 1 != self.process:\n            raise",
        killer=PYTHON + "test_a_child_of_fork_opens_its_own",
        limit_seconds=180,
        hangs=True,
    ),
    Mutant(
        name="closing-in-a-child-waits-for-the-parent-s-lock",
        guards="bindings/python/README: processes",
        file=HANDLE,
        find="        if os.getpid() != self.process:\n            self.handle = None\n"
             "            return\n",
        replace="",
        killer=PYTHON + "test_a_child_of_fork_opens_its_own",
        limit_seconds=180,
        hangs=True,
    ),
    Mutant(
        name="closing-waits-for-calls-and-does-not-cancel-them",
        guards="bindings/python/README: close",
        file=HANDLE,
        find="            self.closing = True\n            for token in self.tokens:\n"
             "                token.cancel()\n",
        replace="            self.closing = True\n",
        killer=PYTHON + "test_closing_cancels_what_is_under_way",
        limit_seconds=120,
        hangs=True,
    ),
    Mutant(
        name="a-closed-handle-is-used",
        guards="bindings/python/README: close",
        file=HANDLE,
        find="            if self.closing or self.handle is None:\n",
        replace="            if self.closing and self.tokens:\n",
        killer=PYTHON + "test_a_handle_that_is_closed_is_used_no_more",
        limit_seconds=120,
        hangs=True,
    ),
    Mutant(
        name="a-forgotten-handle-stays-open",
        guards="bindings/python/README: close",
        file=HANDLE,
        find="        self._finalizer = weakref.finalize(self, self._state.close)\n",
        replace="        self._finalizer = weakref.finalize(self, len, ())\n",
        killer=PYTHON + "test_a_handle_that_is_forgotten_is_closed",
        limit_seconds=120,
    ),
    Mutant(
        name="a-name-is-cut-at-a-nul",
        guards="bindings/python/README: errors",
        file=HANDLE,
        find="    if encoded and b\"\\0\" in encoded:\n",
        replace="    if encoded and encoded == b\"\\0\":\n",
        killer=PYTHON + "test_errors_tell_what_is_known",
        limit_seconds=120,
    ),
    Mutant(
        name="a-cancelled-task-waits-for-its-call",
        guards="bindings/python/README: asyncio",
        file="bindings/python/grove/aio.py",
        find="        except asyncio.CancelledError:\n            token.cancel()\n",
        replace="        except asyncio.CancelledError:\n",
        killer=PYTHON + "test_cancelling_a_task_cancels_its_call",
        limit_seconds=120,
        hangs=True,
    ),
    Mutant(
        name="a-task-ends-before-its-call",
        guards="bindings/python/README: asyncio",
        file="bindings/python/grove/aio.py",
        find="            await asyncio.wait([running])\n",
        replace="",
        killer=PYTHON + "test_cancelling_a_task_cancels_its_call",
        limit_seconds=120,
    ),
    Mutant(
        name="methods-are-not-those-of-the-schema",
        guards="bindings/python/README: generate",
        file="bindings/python/grove/_calls.py",
        find="            \"meta\": meta, \"limit\": limit, \"min_score\": min_score, \"chunks\": "
             "chunks,\n            \"context\": context, \"exact\": exact, "
             "\"freshness\": freshness, \"explain\": explain,\n            "
             "\"timeout_ms\": timeout_ms}))\n\n    def similar(",
        replace="            \"meta\": meta, \"limit\": limit, \"chunks\": "
                "chunks,\n            \"context\": context, \"exact\": exact, "
                "\"freshness\": freshness, \"explain\": explain, "
                "\"timeout_ms\": timeout_ms}))\n\n    def similar(",
        killer=PYTHON + "test_what_is_generated_is_current",
        limit_seconds=120,
    ),
]
