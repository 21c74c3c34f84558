"""The numbers of the marks: shared by the agent that writes them and the engine that reads them.

A record of a mark file is two words of 64 bits: the time (CLOCK_MONOTONIC, seconds as a double, which Python writes sooner than an integer
and which is exact to 2 ns for a machine's first hundred days) and `argument << 8 | kind`. What the handler of a signal marks may stand
just before a mark of a slightly earlier time.

    header 4096 bytes | ring: CAPACITY records of 16 bytes | text: TEXT_CAPACITY bytes

The header's words are named by the `H_…` numbers. One thread writes, one reader reads: the writer publishes a record by its time, which it
writes last and which is 0 before; the reader makes it 0 again and then frees the place by moving `H_TAIL`, which counts the records that it
has read. A full ring loses the new record and counts it in `H_DROPPED`; one is full for most when `RESERVE` places are left.
`H_READY` is set when the process has imported what it needs and turns to its jobs: from then on its GIL is worth watching. The first
process waits a moment for `H_GO`, which the reader sets when it watches. A thread that enters another interpreter marks there into
another file.
Text entries say what an argument is called: `i64 kind, i64 argument, i64 length, UTF-8, padding to 8`; `H_TEXT_HEAD` is published last.
"""

MAGIC = 0x4B52414D4C4947  # "GILMARK", little-endian
VERSION = 3
HEADER = 4096
CAPACITY = 1 << 16
RESERVE = 64  # places of the ring that are kept for VITAL marks
TEXT_CAPACITY = 1 << 20

H_MAGIC, H_VERSION, H_PID, H_TID, H_CAPACITY, H_TAIL, H_DROPPED, H_TEXT_CAPACITY, H_TEXT_HEAD, H_PARENT, H_READY, H_GO = range(12)
H_INTERPRETER = 12  # CPython's number of the interpreter that marks: 0 is the main one
H_FORKED = 13  # 1: this process was forked from its parent as it was, watchpoints and all, and has not become another program

THREAD_BEGIN = 1  # text: the thread's name
THREAD_END = 2
JOB_BEGIN = 3  # argument: index of the job
JOB_END = 4  # argument: index << 1 | ok
OP_BEGIN = 5  # argument: an operation below | number << 8; the thread is inside it until OP_END; text, by number: on what
OP_END = 6
TICK = 7  # argument: CLOCK_THREAD_CPUTIME_ID of this thread, ns
TASK_NEW = 8  # argument: the task; text: its name
TASK_READY = 9
STEP_BEGIN = 10
STEP_END = 11
TASK_END = 12
AWAIT_BEGIN = 13  # argument: an operation below, awaited by the task whose step this is
AWAIT_END = 14
SELECT_BEGIN = 15  # the event loop has nothing to do
SELECT_END = 16
MODEL_BEGIN = 17  # the model was asked to start
MODEL_END = 18  # every result is in hand
GIVE = 19  # argument: what below | token << 2; something is handed on, and whoever marks TAKE with the same argument has got it
TAKE = 20
COLLECT_BEGIN = 21  # the garbage collector; without a GIL it stops all other threads
COLLECT_END = 22
STEP_AGAIN = 23  # STEP_END of a task that is ready again at once: between the two no TASK_READY is marked
AWAITED = 24  # argument: as of OP_BEGIN; right after a TASK_READY: what that task had been waiting for, when that took long

VITAL = frozenset({THREAD_BEGIN, THREAD_END, JOB_BEGIN, JOB_END, MODEL_BEGIN, MODEL_END})
"""The few without which a flood of others would say nothing."""

SUBMIT, MESSAGE, RELEASE = range(3)
"""What is handed on: work to a pool, a message to whoever receives it, a lock to who waits for it. A token is `pid << 28 | count`, so that
no two processes use the same."""

"""How programs that know nothing of marks are marked, thread by thread in the order of time.

    a thread               THREAD_BEGIN (text: its name; told again, without a mark, when it is renamed) … THREAD_END
    a task, no step open   TASK_NEW  TASK_READY  [AWAITED]  STEP_BEGIN … STEP_END | STEP_AGAIN | TASK_END
    started eagerly        its maker's STEP_END, TASK_NEW, STEP_BEGIN … STEP_END | TASK_END, its maker's STEP_BEGIN
    a loop, or a worker of a pool without work   SELECT_BEGIN … SELECT_END
    work                   GIVE where it is submitted; TAKE after the worker's SELECT_END, or without one when it had not to wait
    a blocking call        OP_BEGIN … OP_END, which nest; TAKE of RELEASE just before its OP_END: its GIVE is where the notifier let go
    a message              GIVE of MESSAGE where it is put into a queue at which somebody has waited, TAKE where it is taken out

Numbers of tasks, objects and tokens are the process's: the same in all its threads, and texts are told once in each thread that uses
them. A task whose loop goes on in another thread is TASK_NEW there again, by the same number. TASK_READY may come within another task's
step (which woke it), and the text of a TASK_NEW up to its first step. Eager steps nest no deeper than told: a step ends before another
begins. Numbers of operations start at 1; 0 means no identity.
"""

PYTHON, NATIVE, SLEEP, CONNECT, SEND, RECEIVE, CALL, JOIN, RESULTS, LOCK, CONDITION, EVENT, SEMAPHORE, BARRIER, GET, PUT = range(16)
OPERATIONS = (
    *("python", "native", "sleep", "connect", "send", "receive", "call", "join", "results"),
    *("lock", "condition", "event", "semaphore", "barrier", "get", "put"),
)
"""What a thread or a task can be inside of. Append, never renumber."""
