"""What programs that know nothing of us are told to do: threads, waits, queues, pools and processes."""

from __future__ import annotations

import pytest

from engine.agent._gilscope import codes
from engine.probes.marks import ThreadMarks
from tests.engine.agent.measured import INTERPRETERS, Program, told

pytestmark = pytest.mark.parametrize("interpreter", INTERPRETERS)

METHODS = ("fork", "spawn", "forkserver")


def recorded(program: Program, interpreter: str, source: str, *arguments: str) -> list[ThreadMarks]:
    (program.folder / "script.py").write_text(source)
    ran = program.run(interpreter, "script.py", *arguments, GILSCOPE_INSTRUMENT="1", GILSCOPE_PROGRAM="1")
    assert (ran.stderr, ran.returncode) == ("", 0)
    return program.left()


def named(found: list[ThreadMarks]) -> dict[str, ThreadMarks]:
    return {marks.texts[codes.THREAD_BEGIN, 0]: marks for marks in found}


def operations(marks: ThreadMarks) -> list[tuple[str, str]]:
    """What it was inside of, one after another, and on what."""
    begun = [argument for kind, argument in told(marks) if kind == codes.OP_BEGIN]
    return [(codes.OPERATIONS[one & 0xFF], marks.texts.get((codes.OP_BEGIN, one >> 8), "")) for one in begun]


def handed(found: list[ThreadMarks], kind: int, what: int) -> list[tuple[int, int]]:
    """(token, thread) of all that was given or taken, in the order of time."""
    rows = [
        (t, argument >> 2, marks.tid)
        for marks in found
        for t, k, argument in zip(marks.t, *_columns(marks), strict=True)
        if k == kind and argument & 3 == what
    ]
    return [(int(token), tid) for _, token, tid in sorted(rows)]


def _columns(marks: ThreadMarks) -> tuple[list[int], list[int]]:
    return marks.kind.tolist(), marks.argument.tolist()


def test_each_thread_tells_its_name_its_beginning_and_its_end(program: Program, interpreter: str) -> None:
    source = """
import threading
class Own(threading.Thread):
    def run(self): pass
def renames(): threading.current_thread().name = "renamed by itself"
go = threading.Event()
threads = [threading.Thread(target=int, name="named"), Own(), threading.Thread(target=renames), threading.Thread(target=go.wait)]
for thread in threads: thread.start()
threads[3].name = "renamed by another"; go.set()
for thread in threads: thread.join()
"""
    found = named(recorded(program, interpreter, source))
    assert found.keys() == {"main", "named", "Thread-1", "renamed by itself", "renamed by another"}
    for name, marks in found.items():
        if name != "main":
            assert told(marks)[0] == (codes.THREAD_BEGIN, 0)
            assert told(marks)[-1] == (codes.THREAD_END, 0)


def test_a_thread_that_fails_tells_its_end_and_a_raw_one_nothing(program: Program, interpreter: str) -> None:
    source = """
import threading, _thread, sys
threading.excepthook = lambda args: None
thread = threading.Thread(target=lambda: 1 / 0, name="fails"); thread.start(); thread.join()
lock = _thread.allocate_lock(); lock.acquire()
_thread.start_new_thread(lock.release, ()); lock.acquire()
"""
    found = named(recorded(program, interpreter, source))
    assert found.keys() == {"main", "fails"}
    assert told(found["fails"])[-1] == (codes.THREAD_END, 0)


def test_a_thread_that_a_measured_function_makes_is_in_code_that_nobody_knows(program: Program, interpreter: str) -> None:
    source = "import threading; thread = threading.Thread(target=int, name='made'); thread.start(); thread.join()"
    assert program.run(interpreter, "-c", source, GILSCOPE_INSTRUMENT="1").stderr == ""
    marks = named(program.left())["made"]
    assert told(marks)[:2] == [(codes.THREAD_BEGIN, 0), (codes.OP_BEGIN, codes.CALL)]


def test_waits_tell_what_for_and_on_what_but_only_where_they_wait(program: Program, interpreter: str) -> None:
    source = """
import threading, queue, time
event, full, semaphore, barrier = threading.Event(), queue.Queue(1), threading.Semaphore(), threading.Barrier(2)
condition = threading.Condition()
class Own(queue.PriorityQueue): pass
own = Own()
def later(call, *args):
    def run(): time.sleep(0.01); call(*args)
    threading.Thread(target=run).start()
for _ in range(3): full.put(1); full.get(); event.is_set(); semaphore.acquire(); semaphore.release(); own.put(1); own.get()
def notify():
    with condition: condition.notify_all()
later(own.put, 1); own.get()
full.put(1); later(full.get); full.put(2)
semaphore.acquire(); later(semaphore.release); semaphore.acquire()
later(barrier.wait); barrier.wait()
later(notify)
with condition: condition.wait()
later(event.set); event.wait(); event.wait()
thread = threading.Thread(target=time.sleep, args=(0.01,), name="sleeper"); thread.start(); thread.join(); thread.join()
full.get(); full.task_done()
try: queue.Queue().get(timeout=0.5)
except queue.Empty: pass
"""
    main = named(recorded(program, interpreter, source))["main"]
    assert [one for one in operations(main) if one != ("event", "thread start")] == [
        ("get", "Own 1"),
        ("put", "Queue 1"),
        ("semaphore", "Semaphore 1"),
        ("barrier", "Barrier 1"),
        ("condition", "Condition 1"),
        ("event", "Event 1"),
        ("join", "sleeper"),
        ("get", "Queue 2"),
    ]
    kinds = main.kind.tolist()
    assert kinds.count(codes.OP_BEGIN) == kinds.count(codes.OP_END)


def test_whoever_lets_a_waiter_go_is_told(program: Program, interpreter: str) -> None:
    source = """
import threading
event = threading.Event()
waits = threading.Thread(target=event.wait, name="waits"); waits.start()
while not event._cond._waiters: pass
sets = threading.Thread(target=event.set, name="sets"); sets.start(); sets.join(); waits.join()
"""
    found = recorded(program, interpreter, source)
    waits, sets = (named(found)[name] for name in ("waits", "sets"))
    (taken,) = [token for token, tid in handed(found, codes.TAKE, codes.RELEASE) if tid == waits.tid]
    assert (taken, sets.tid) in handed(found, codes.GIVE, codes.RELEASE)
    kinds = waits.kind.tolist()
    assert kinds[-4:] == [codes.OP_BEGIN, codes.TAKE, codes.OP_END, codes.THREAD_END]


def test_items_of_a_queue_are_matched_from_when_somebody_waits_there_until_nobody_can_say(program: Program, interpreter: str) -> None:
    source = """
import queue, threading
q = queue.Queue()
q.put("unseen"); q.get()
def takes():
    while q.get() is not None: pass
thread = threading.Thread(target=takes, name="takes"); thread.start()
while not q.not_empty._waiters: pass
for item in (1, 2, 3, None): q.put(item)
thread.join()
with q.mutex: q.queue.append("behind its back")
q.put(4); q.get(); q.get()
assert "_put" not in vars(q) and q.empty()
"""
    found = recorded(program, interpreter, source)
    given, taken = (handed(found, kind, codes.MESSAGE) for kind in (codes.GIVE, codes.TAKE))
    assert len(given) == 4
    assert [token for token, _ in given] == [token for token, _ in taken]
    assert {tid for _, tid in given} == {named(found)["main"].tid}
    assert {tid for _, tid in taken} == {named(found)["takes"].tid}


def test_work_for_a_pool_of_threads_is_told_from_submission_to_start_and_workers_are_idle_between(
    program: Program, interpreter: str
) -> None:
    source = """
import concurrent.futures, time
with concurrent.futures.ThreadPoolExecutor(2, "own") as pool:
    futures = [pool.submit(time.sleep, 0.002) for _ in range(5)]
    concurrent.futures.wait(futures); [future.result() for future in futures]
"""
    found = recorded(program, interpreter, source)
    given, taken = (handed(found, kind, codes.SUBMIT) for kind in (codes.GIVE, codes.TAKE))
    assert len(given) == 5
    assert sorted(token for token, _ in given) == sorted(token for token, _ in taken)
    workers = {named(found)[name].tid for name in ("own_0", "own_1")}
    assert {tid for _, tid in taken} == workers
    for name in ("own_0", "own_1"):
        kinds = [kind for kind in named(found)[name].kind.tolist() if kind in (codes.SELECT_BEGIN, codes.SELECT_END)]
        assert kinds[-2:] == [codes.SELECT_BEGIN, codes.SELECT_END]


@pytest.mark.parametrize("method", METHODS)
def test_children_have_the_names_of_their_processes(program: Program, interpreter: str, method: str) -> None:
    source = """
import multiprocessing, sys
class Own(multiprocessing.get_context(sys.argv[1]).Process):
    def run(self): pass
if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    for process in (context.Process(target=int, name="mine"), Own()): process.start(); process.join()
"""
    found = recorded(program, interpreter, source, method)
    first = found[0]
    names = [marks.texts[codes.THREAD_BEGIN, 0] for marks in found if marks.pid == marks.tid and marks.pid != first.pid]
    assert [name for name in names if name != "main"] == ["mine", "Own-2"]
    assert ("join", "mine") in operations(first)


@pytest.mark.parametrize("method", METHODS)
def test_work_for_pools_of_processes_is_told_from_submission_to_start(program: Program, interpreter: str, method: str) -> None:
    source = """
import concurrent.futures, multiprocessing, sys, time
def work(n): time.sleep(0.001); return n
if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool: assert list(pool.map(work, range(3))) == [0, 1, 2]
    with context.Pool(2) as pool:
        assert pool.map(work, range(4), 2) == [0, 1, 2, 3]
        assert pool.apply(work, (5,)) == 5
"""
    found = recorded(program, interpreter, source, method)
    given, taken = (handed(found, kind, codes.SUBMIT) for kind in (codes.GIVE, codes.TAKE))
    assert len(given) == 3 + 2 + 1
    assert sorted(token for token, _ in given) == sorted(token for token, _ in taken)
    assert {tid for _, tid in given} == {found[0].tid}
    assert found[0].tid not in {tid for _, tid in taken}
    workers = [marks for marks in found if marks.tid in {tid for _, tid in taken}]
    assert all(codes.SELECT_BEGIN in marks.kind for marks in workers)


def test_queues_between_processes_tell_who_waits_at_which(program: Program, interpreter: str) -> None:
    source = """
import multiprocessing
context = multiprocessing.get_context("fork")
q = context.Queue(1)
def child(): assert q.get() == 1
process = context.Process(target=child, name="child"); process.start()
q.put(1); process.join(); q.close(); q.join_thread()
"""
    found = named(recorded(program, interpreter, source))
    assert ("get", "Queue 1") in operations(found["child"])


def test_rounds_of_the_garbage_collector_are_told_where_they_stop_all_threads(program: Program, interpreter: str) -> None:
    (main,) = recorded(program, interpreter, "import gc, sys\nif 't' in sys.abiflags: gc.collect()\nelse: assert not gc.callbacks\n")
    kinds = [kind for kind in main.kind.tolist() if kind in (codes.COLLECT_BEGIN, codes.COLLECT_END)]
    assert kinds == [codes.COLLECT_BEGIN, codes.COLLECT_END] * (len(kinds) // 2)
    assert bool(kinds) == interpreter.endswith("t")


def test_each_process_of_a_program_is_ready_at_once(program: Program, interpreter: str) -> None:
    source = """
import os, subprocess, sys
from _gilscope import marks, codes
assert marks.of_this_thread().words[codes.H_READY] == 1
pid = os.fork()
if not pid: os._exit(0 if marks.of_this_thread().words[codes.H_READY] == 1 else 3)
assert os.waitpid(pid, 0)[1] == 0
subprocess.run(["true"], check=True)
subprocess.run([sys.executable, "-c", "from _gilscope import marks, codes; assert marks.of_this_thread().words[codes.H_READY]"], check=True)
"""
    assert len({marks.pid for marks in recorded(program, interpreter, source)}) == 3


def test_nothing_is_imported_for_a_program_that_imports_nothing(program: Program, interpreter: str) -> None:
    source = "import sys; print(*sorted(set(sys.modules) - set(sys.argv[1].split())))"
    before = program.run(interpreter, "-c", "import sys; print(*sys.modules)", marked=False).stdout
    if "threading" in before.split():
        pytest.skip("this interpreter imports more than it must")
    after = program.run(interpreter, "-c", source, before, GILSCOPE_INSTRUMENT="1").stdout.split()
    ours = {
        "_gilscope",
        "_gilscope.codes",
        "_gilscope.marks",
        "_gilscope.instruments",
        "_gilscope.instruments.arrivals",
        "mmap",
        "itertools",
    }
    free_threaded = {"_gilscope.instruments.collector", "gc"}
    assert set(after) - ours <= free_threaded


def test_other_interpreters_of_a_process_mark_with_numbers_of_their_own(program: Program, interpreter: str) -> None:
    source = """
import queue, sys, threading
try: import _interpreters
except ImportError: sys.exit()
inside = "import queue, threading; q = queue.Queue(); t = threading.Thread(target=q.get, name='inside'); t.start()"
inside += "\\nwhile not q.not_empty._waiters: pass\\nq.put(1); t.join()"
one = _interpreters.create(); assert _interpreters.exec(one, inside) is None; _interpreters.destroy(one)
q = queue.Queue(); t = threading.Thread(target=q.get, name="outside"); t.start()
while not q.not_empty._waiters: pass
q.put(1); t.join()
"""
    found = recorded(program, interpreter, source)
    if len(found) == 1:
        pytest.skip("this interpreter offers no others")
    inside, outside = (next(marks for marks in found if marks.texts.get((codes.THREAD_BEGIN, 0)) == name) for name in ("inside", "outside"))
    assert inside.interpreter > 0 == outside.interpreter
    assert ("get", "Queue 1") in operations(inside)
    numbers = [{number for kind, number in marks.texts if kind == codes.OP_BEGIN} for marks in (inside, outside)]
    assert numbers[0].isdisjoint(numbers[1])
    tokens = [token for token, _ in handed(found, codes.GIVE, codes.RELEASE)]
    assert len(tokens) == len(set(tokens))
