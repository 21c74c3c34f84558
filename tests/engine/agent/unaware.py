"""Programs that know nothing of us. Each prints what it can see of how it runs, and must see the same when it is recorded."""

from __future__ import annotations

PROGRAMS = {
    "errors in threads, and in the end in the main one": """
import threading, sys
class Named(threading.Thread):
    def run(self): raise KeyError(self.name)
def fails(): raise ValueError(threading.current_thread().name)
for thread in (threading.Thread(target=fails), threading.Thread(target=fails, name="mine"), Named(name="own")):
    thread.start(); thread.join()
    print(thread, thread.is_alive()) if thread.ident is None else print(thread.name, thread.is_alive())
try: threading.current_thread().join()
except RuntimeError: import traceback; traceback.print_exc()
try: threading.Thread().join()
except RuntimeError: traceback.print_exc()
class Never(threading.Thread):
    def __init__(self): pass
    def is_alive(self): print("asked"); return True
for thread in (Never(), Never()):
    try: thread.join()
    except RuntimeError: traceback.print_exc()
sys.exit({}["exit"])
""",
    "interrupts of what waits": """
import signal, threading, queue, traceback, multiprocessing, time, concurrent.futures, sys
signal.signal(signal.SIGALRM, signal.default_int_handler)
def asleep():
    with open("/proc/self/stat") as file: return file.read().rpartition(")")[2].split()[0] == "S"
def interrupt_once_it_stands(thread, before=None, same=0):
    while same < 15:
        frame = sys._current_frames()[thread]
        now = frame.f_code, frame.f_lasti
        same = same + 1 if now == before and asleep() else 0
        before = now
        time.sleep(0.001)
    signal.pthread_kill(thread, signal.SIGALRM)
def interrupted(call, *args):
    helper = threading.Thread(target=interrupt_once_it_stands, args=(threading.get_ident(),)); helper.start()
    try: call(*args)
    except KeyboardInterrupt: print(traceback.format_exc())
    helper.join()
full = queue.Queue(1); full.put(1)
condition = threading.Condition()
def wait_for():
    with condition: condition.wait_for(lambda: False)
def wait():
    with condition: condition.wait(9)
go = threading.Event()
thread = threading.Thread(target=go.wait); thread.start()
for call in (queue.Queue().get, wait, wait_for, threading.Event().wait, threading.Semaphore(0).acquire, threading.Barrier(2).wait):
    interrupted(call)
interrupted(full.put, 2); interrupted(full.join); interrupted(thread.join); go.set(); thread.join()
interrupted(multiprocessing.get_context("fork").Queue().get); interrupted(multiprocessing.get_context("fork").SimpleQueue().get)
process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(1,)); process.start()
interrupted(process.join); process.join()
interrupted(concurrent.futures.Future().result)
print(len(condition._waiters))
""",
    "stacks, as code sees them from inside": """
import threading, traceback, sys, asyncio, concurrent.futures, queue
def stack(*_): traceback.print_stack(file=sys.stdout); print("--"); sys.stdout.flush()
class Own(queue.Queue):
    def _put(self, item): stack(); super()._put(item)
async def step():
    stack(); await asyncio.sleep(0); stack(); await asyncio.sleep(0.001); stack()
async def main():
    asyncio.get_running_loop().call_soon(stack)
    asyncio.get_running_loop().call_later(0, stack); await asyncio.sleep(0.005)
    task = asyncio.create_task(step()); task.add_done_callback(stack); await task
    await asyncio.gather(step()); await asyncio.to_thread(stack)
thread = threading.Thread(target=stack); thread.start(); thread.join()
with concurrent.futures.ThreadPoolExecutor(1, initializer=stack) as pool:
    future = pool.submit(stack); future.result(); pool.submit(stack).add_done_callback(stack)
Own().put(1)
asyncio.run(main())
""",
    "how deep it may recurse": """
import sys, threading, asyncio, concurrent.futures
sys.setrecursionlimit(400)
def deep(n=0):
    try: return deep(n + 1)
    except RecursionError: return n
async def main():
    first = deep(); await asyncio.sleep(0); second = deep(); await asyncio.sleep(0.001)
    return first, second, deep()
thread = threading.Thread(target=lambda: print(deep())); thread.start(); thread.join()
with concurrent.futures.ThreadPoolExecutor(1) as pool: print(pool.submit(deep).result())
print(asyncio.run(main()))
""",
    "what it is, and what modules say of themselves": """
import sys, __main__
before = set(sys.modules)
print(sys.argv, sys.path[0], sorted(vars(__main__)), __main__.__spec__, __file__, __name__, "asyncio" in before, "threading" in before)
import inspect, pickle, threading, queue, asyncio, concurrent.futures.thread, concurrent.futures.process
import multiprocessing.queues, multiprocessing.pool, importlib.util, types
for module in (threading, queue, asyncio, concurrent.futures.thread, multiprocessing.util, multiprocessing.pool):
    spec = module.__spec__
    print(module.__name__, type(spec.loader), spec.loader is module.__loader__, sorted(vars(module.__loader__)))
    print(spec.origin, module.__file__)
    print(hasattr(module, "__cached__"), spec.cached)
for name in ("threading", "queue", "asyncio", "multiprocessing.managers"): print(type(importlib.util.find_spec(name).loader))
functions = (threading.Thread.join, threading.Thread.start, threading.Condition.wait, threading.Thread.__init__, queue.Queue.get,
    asyncio.BaseEventLoop.call_soon, asyncio.BaseEventLoop.create_task, concurrent.futures.ThreadPoolExecutor.__init__,
    multiprocessing.queues.Queue.get, multiprocessing.queues.Queue.put, multiprocessing.process.BaseProcess.join)
for function in functions:
    print(function.__module__, function.__qualname__, inspect.signature(function), type(function), len(inspect.getsource(function)))
    print(len(function.__doc__ or ""), pickle.loads(pickle.dumps(function)) is function)
print(inspect.signature(threading.Thread.name.fset), threading.Thread.name.fset.__qualname__, threading.Thread.name.__doc__)
print(type(queue.Queue()), vars(queue.Queue()).keys(), vars(threading.Thread()).keys(), vars(threading.Event()).keys())
print(type(threading.Condition()._lock), threading.Condition.__mro__, threading.Lock, queue.SimpleQueue, asyncio.Handle)
try: concurrent.futures.ThreadPoolExecutor(0)
except ValueError: import traceback; traceback.print_exc()
try: import threading.nothing
except ImportError: traceback.print_exc()
print([type(one).__name__ if not isinstance(one, type) else one.__name__ for one in sys.meta_path])
""",
    "objects that are gone as soon as nobody holds them": """
import gc, weakref, asyncio, threading, queue, concurrent.futures, sys
gc.disable()
def gone(name, ref): print(name, ref() is None)
q = queue.Queue(); thread = threading.Thread(target=q.get); thread.start()
while not q.not_empty._waiters: pass
q.put([]); thread.join(); q.put(1); print(q.get(), q.qsize(), q.empty())
ref = weakref.ref(q), weakref.ref(thread), weakref.ref(q.not_empty); del q, thread
for one in ref: gone("queue", one)
class Thing: pass
async def holds(thing): await asyncio.sleep(0.002); return 5
async def fails(): raise KeyError("never asked for")
async def main():
    thing = Thing(); task = asyncio.create_task(holds(thing)); ref = weakref.ref(thing), weakref.ref(task); del thing
    print(await task, vars(type(task)).keys() == vars(asyncio.Task).keys()); del task
    await asyncio.sleep(0)
    for one in ref: gone("task", one)
    task = asyncio.create_task(fails()); await asyncio.sleep(0); del task; await asyncio.sleep(0)
asyncio.run(main())
loop = asyncio.new_event_loop()
loop.create_task(holds(Thing()), name="left"); loop.run_until_complete(asyncio.sleep(0, loop))
loop.create_task(holds(3), name="never begun")
loop.close(); del loop
sys.stdout.flush(); gc.collect()
""",
    "own modules of likely names": """
import sys, app, engine, marks, codes, instruments, threads, names
print([module.__file__ for module in (app, engine, marks, codes, instruments, threads, names)])
import threading, asyncio
async def main(): return app.name, engine.name
print(asyncio.run(main()))
""",
    "errors that come out of processes": """
import concurrent.futures, multiprocessing, traceback, sys
def fails(n): raise ValueError(n)
def main():
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        try: pool.submit(fails, 3).result()
        except ValueError: traceback.print_exc()
    with context.Pool(1) as pool:
        try: pool.apply(fails, (4,))
        except ValueError: traceback.print_exc()
        print(pool.map(abs, range(-5, 0), 2), list(pool.imap_unordered(abs, [7])), pool.starmap(max, [(1, 2)]))
    process = context.Process(target=fails, args=(5,), name="mine"); process.start(); process.join(); print(process.exitcode)
    queue = context.Queue(); queue.put(print); print(queue.get() is print, queue.empty())
    full = context.Queue(1); full.put(1)
    try: full.put(2, timeout=0.01)
    except Exception as error: print(type(error))
    try: context.Queue().get(False)
    except Exception as error: traceback.print_exc()
    queue.close()
    try: queue.get()
    except ValueError as error: print("closed")
main()
""",
    "forks while others hold whatever they hold": """
import os, queue, threading, sys, warnings
warnings.simplefilter("ignore")
q, stop = queue.Queue(), False
def busy():
    while not stop: q.put(1); q.get(timeout=1)
threads = [threading.Thread(target=busy) for _ in range(3)]
for thread in threads: thread.start()
codes = []
for n in range(20):
    pid = os.fork()
    if not pid:
        own = queue.Queue(); thread = threading.Thread(target=own.get); thread.start(); own.put(1); thread.join(9)
        os._exit(n if not thread.is_alive() else 99)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
stop = True
for thread in threads: thread.join()
print(codes, threading.active_count())
""",
    "an end by itself, and what it was given": """
import sys, os, threading, atexit
atexit.register(print, "at exit")
print(sys.stdin.read(), os.environ.get("OF_THE_PROGRAM"))
threading.Thread(target=lambda: sys.exit(5), daemon=True).start()
sys.stdout.flush()
os.kill(os.getpid(), 15)
""",
    "an exit from a task": """
import asyncio, sys
async def inner(): await asyncio.sleep(0.001); sys.exit(7)
async def main(): await asyncio.create_task(inner())
asyncio.run(main())
""",
    "an interrupt while a loop waits": """
import asyncio, signal, os, threading
loop = asyncio.new_event_loop()
signal.signal(signal.SIGALRM, signal.default_int_handler)
signal.setitimer(signal.ITIMER_REAL, 0.3)
loop.run_forever()
""",
}

_RUN = "asyncio.run(main())\n"
LOOPS = {
    "several tasks that wait for each other": """
async def gives(queue, lock):
    async with lock: await asyncio.sleep(0.002); queue.put_nowait(1)
async def takes(queue, event):
    print(await queue.get()); event.set()
async def main():
    queue, lock, event = asyncio.Queue(), asyncio.Lock(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(2): group.create_task(gives(queue, lock)); group.create_task(takes(queue, event))
        await event.wait()
    print(await asyncio.to_thread(sum, [1, 2]), [task.get_name() for task in asyncio.all_tasks()])
""",
    "tasks that are not asyncio's own": """
class Own(asyncio.Task):
    def set_name(self, name): super().set_name("own " + str(name))
def factory(loop, coro, **options): return Own(coro, loop=loop, **options)
class Slow(asyncio.tasks._PyTask): pass
async def one(): await asyncio.sleep(0); await asyncio.sleep(0.001); return asyncio.current_task().get_name()
async def main():
    asyncio.get_running_loop().set_task_factory(factory)
    print(await asyncio.create_task(one(), name="x"))
    print(await Slow(one(), loop=asyncio.get_running_loop(), name="slow"))
    class Thing:
        def __await__(self): return (yield from asyncio.sleep(0.002).__await__())
    print(await Thing())
""",
    "loops of its own making": """
class Loop(asyncio.SelectorEventLoop):
    calls = 0
    def call_soon(self, callback, *args, context=None):
        self.calls += 1
        handle = super().call_soon(callback, *args, context=context)
        assert type(handle).__name__ == "Handle" and handle._callback is callback and isinstance(handle, asyncio.Handle), handle
        return handle
async def one(n):
    for _ in range(n): await asyncio.sleep(0)
    return n
async def main(): pass
def both():
    loop = Loop()
    try: print(loop.run_until_complete(one(3)), loop.calls, loop.run_until_complete(one(2)), loop.calls)
    finally: loop.close()
    try: loop.run_until_complete(one(1))
    except RuntimeError as error: print(error)
import threading, selectors
both()
for _ in range(2): thread = threading.Thread(target=both); thread.start(); thread.join()
class Selector(selectors.PollSelector):
    def select(self, timeout=None): return super().select(timeout)
loop = asyncio.SelectorEventLoop(Selector())
print(loop.run_until_complete(asyncio.sleep(0.001, 5)), sorted(vars(loop._selector))); loop.close()
""",
    "a loop that stops and goes on in another thread": """
import threading
async def long():
    for n in range(3): print(n, threading.current_thread().name); await asyncio.sleep(0.001)
    return "done"
async def main(): pass
loop = asyncio.new_event_loop(); task = loop.create_task(long())
loop.call_later(0.0005, loop.stop); loop.run_forever()
thread = threading.Thread(target=lambda: print(loop.run_until_complete(task)), name="second"); thread.start(); thread.join(); loop.close()
""",
    "an error in what should not fail": """
async def main():
    loop = asyncio.get_running_loop()
    def handler(loop, context): print(sorted(context), context["message"].split(" at ")[0], context["exception"], flush=True)
    loop.set_exception_handler(handler)
    loop.call_later(0.5, __import__("os")._exit, 4)
    async def nested(): await asyncio.sleep(0)
    task = asyncio.create_task(nested())
    asyncio.tasks._leave_task(loop, asyncio.current_task()); other = asyncio.create_task(nested()); asyncio.tasks._enter_task(loop, other)
    loop.call_soon(asyncio.tasks._leave_task, loop, other)
    await asyncio.sleep(0.001)
""",
    "cancelled before its first step": """
async def never(): print("never")
async def main():
    task = asyncio.create_task(never(), name="never")
    print(task.get_name(), task.get_coro().__qualname__)
    task.cancel()
    print(await asyncio.gather(task, return_exceptions=True), task.cancelled())
""",
    "an exception in a group": """
async def fails(): await asyncio.sleep(0); raise ValueError("no")
async def waits():
    try: await asyncio.sleep(9)
    finally: print("let go")
async def main():
    try:
        async with asyncio.TaskGroup() as group: group.create_task(waits()); group.create_task(fails())
    except* ValueError as found:
        error = found.exceptions[0]
        frame = error.__traceback__
        while frame: print(frame.tb_frame.f_code.co_name); frame = frame.tb_next
""",
    "a time limit and its order": """
async def one(n):
    for i in range(3): print(n, i); await asyncio.sleep(0)
    return n
async def main():
    print(await asyncio.gather(*(one(n) for n in range(3))))
    try: await asyncio.wait_for(asyncio.sleep(9), 0.01)
    except TimeoutError as error: print(repr(error))
    asyncio.get_running_loop().call_soon(asyncio.current_task().cancel)
    try: await asyncio.sleep(9)
    except asyncio.CancelledError: print("cancelled")
""",
    "an asynchronous generator left open": """
async def numbers():
    try:
        for i in range(9): yield i; await asyncio.sleep(0)
    finally: print("closed")
async def main():
    async for number in numbers():
        print(number)
        if number == 2: break
""",
    "what is no coroutine": """
async def main():
    try: asyncio.get_running_loop().create_task(3)
    except TypeError as error: print(error)
""",
    "an error that nobody catches": """
async def inner(): raise KeyError("lost")
async def main(): await asyncio.create_task(inner())
""",
    "eager tasks": """
async def quick(): print("at once"); return 1
async def slow(): print("begun"); await asyncio.sleep(0); print("gone on"); return 2
async def main():
    if hasattr(asyncio, "eager_task_factory"): asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    tasks = [asyncio.create_task(quick(), name="q"), asyncio.create_task(slow(), name="s")]
    print([task.done() for task in tasks], [task.get_name() for task in tasks], await asyncio.gather(*tasks))
""",
}
"""Programs of asyncio, without the line that runs them."""

PROGRAMS.update({name: "import asyncio\n" + source + _RUN for name, source in LOOPS.items()})
