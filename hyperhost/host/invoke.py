"""The call algorithm of a hook: pluggy's, with each fault attributed to its plugin.

The function made here is pluggy's ``_multicall`` (``pluggy/_callers.py``) with one addition: an
exception of a plain implementation is first shown to ``on_fault``, which records it under the
plugin's name and says whether this hook skips faulty implementations. Everything else (order,
first result, both kinds of wrappers, what a wrapper sees of an exception) is as pluggy's own
tests describe it; they pass against it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from threading import get_ident
from typing import Any

from pluggy import HookCallError, HookImpl
from pluggy._callers import _raise_wrapfail, run_old_style_hookwrapper

__all__ = ["HookExec", "OnImplFault", "make_hookexec"]

OnImplFault = Callable[[str, HookImpl, BaseException], bool]
"""``(hook name, implementation, exception) -> skip it``."""
HookExec = Callable[[str, Sequence[HookImpl], Mapping[str, object], bool], object]

Wrapper = Generator[None, object, object]


def make_hookexec(on_fault: OnImplFault, hidden: Mapping[str, int]) -> HookExec:  # noqa: C901 - counts the function inside
    """The function that calls a hook's implementations, telling ``on_fault`` about exceptions.

    Args:
        on_fault: Shown every exception of an implementation.
        hidden: Plugins that are just being registered → the thread that does it. Only that thread
            sees them, as historic hooks are repeated for them; for others they appear all at once.
    """

    def hookexec(  # noqa: C901 - one algorithm, read from top to bottom
        hook_name: str,
        implementations: Sequence[HookImpl],
        caller_kwargs: Mapping[str, object],
        firstresult: bool,
    ) -> object:
        """Call ``implementations`` from last to first; the result, or the list of results."""
        __tracebackhide__ = True
        results: list[object] = []
        exception: BaseException | None = None
        wrappers: list[tuple[HookImpl, Wrapper]] = []
        if hidden:
            me = get_ident()
            implementations = [item for item in implementations if hidden.get(item.plugin_name, me) == me]
        try:
            for implementation in reversed(implementations):
                try:
                    args = [caller_kwargs[name] for name in implementation.argnames]
                except KeyError as missing:
                    raise HookCallError(f"hook call must provide argument {missing.args[0]!r}") from missing
                kwargs: dict[str, object] | None = None
                if implementation.kwargnames:
                    kwargs = {
                        name: caller_kwargs[name]
                        for name in implementation.kwargnames
                        if name in caller_kwargs
                    }
                try:
                    if implementation.hookwrapper or implementation.wrapper:
                        wrappers.append((implementation, _started(hook_name, implementation, args, kwargs)))
                        continue
                    result = (
                        implementation.function(*args, **kwargs) if kwargs else implementation.function(*args)
                    )
                except BaseException as caught:
                    is_wrapper = implementation.hookwrapper or implementation.wrapper
                    if on_fault(hook_name, implementation, caught) and not is_wrapper:
                        continue
                    raise
                if result is not None:
                    results.append(result)
                    if firstresult:
                        break
        except BaseException as caught:  # noqa: BLE001 - handed to the wrappers, then raised
            exception = caught

        outcome: object = (results[0] if results else None) if firstresult else results
        for implementation, wrapper in reversed(wrappers):  # from the innermost outwards
            try:
                try:
                    if exception is not None:
                        try:
                            wrapper.throw(exception)
                        except RuntimeError as error:
                            # A StopIteration thrown into a generator comes back as RuntimeError (PEP 479).
                            if isinstance(exception, StopIteration) and error.__cause__ is exception:
                                wrapper.close()
                                continue
                            raise
                    else:
                        wrapper.send(outcome)
                    wrapper.close()
                except StopIteration as finished:
                    outcome = finished.value
                    exception = None
                    continue
            except BaseException as caught:  # noqa: BLE001 - becomes the outcome for the next wrapper
                if caught is not exception:
                    on_fault(hook_name, implementation, caught)
                exception = caught
                continue
            _raise_wrapfail(wrapper, "has second yield")

        if exception is not None:
            raise exception
        return outcome

    return hookexec


def _started(
    hook_name: str, implementation: HookImpl, args: Sequence[object], kwargs: Mapping[str, object] | None
) -> Wrapper:
    """Run a wrapper up to its ``yield``."""
    wrapper: Any
    if implementation.hookwrapper:
        if run_old_style_hookwrapper.__code__.co_argcount == 4:
            wrapper = run_old_style_hookwrapper(implementation, hook_name, args, kwargs)
        else:  # up to pluggy 1.6
            wrapper = run_old_style_hookwrapper(implementation, hook_name, args)  # type: ignore[call-arg]
        next(wrapper)
        return wrapper  # type: ignore[no-any-return]
    wrapper = implementation.function(*args, **(kwargs or {}))
    try:
        next(wrapper)
    except StopIteration:
        _raise_wrapfail(wrapper, "did not yield")
    return wrapper  # type: ignore[no-any-return]
