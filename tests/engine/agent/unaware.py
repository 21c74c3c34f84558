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
sys.exit({}["exit"])
""",
    "interrupts of what waits": """
import signal, threading, queue, traceback, multiprocessing, time, concurrent.futures, sys
signal.signal(signal.SIGALRM, signal.default_int_handler)
def interrupted(call, *args):
    signal.setitimer(signal.ITIMER_REAL, 0.03)
    try: call(*args)
    except KeyboardInterrupt: print(traceback.format_exc())
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
process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(0.2,)); process.start()
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
pool = concurrent.futures.ThreadPoolExecutor(1); pool.submit(int); ref = weakref.ref(pool); del pool; gone("pool", ref)
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
signal.setitimer(signal.ITIMER_REAL, 0.05)
loop.run_forever()
""",
}
