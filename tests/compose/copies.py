"""A backup, brought back into an empty stack, gives equal marts, the same nights and the same dashboards."""

import subprocess

from engine import PROJECT, ROOT, Stack, expect, run

MARTS = """select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where n.nspname = 'marts' and c.relkind = 'r' order by 1"""
LOST = ("postgres", "data")  # the made company stays: vendors are not lost with the server
OTHERS = {
    "airflow": "select count(*), md5(string_agg(run_id, ',' order by id)) from dag_run",
    "superset": "select count(*), md5(string_agg(slice_name || params, ',' order by id)) from slices",
}


def is_restored(stack: Stack) -> str:
    """A backup restored into an empty stack gives equal marts, and the next night is published."""
    before = _contents(stack)
    file = stack.folder / "backup.tar"
    with file.open("wb") as target:
        command = stack.command("run", "--rm", "-T", "backup")
        made = subprocess.run(command, stdout=target, stderr=subprocess.PIPE, cwd=ROOT, check=False)
    expect(made.returncode == 0, made.stderr.decode()[-2000:])
    due = stack("exec", "-T", "scheduler", "cat", "/var/lib/cx/erasures/due_after_restore.jsonl")
    stack("down")
    for name in LOST:
        run(["docker", "volume", "rm", f"{PROJECT}_{name}"])
    stack(
        *("run", "--rm", "-T", "--no-deps", "--entrypoint", "sh", "restore", "-c"),
        "mkdir -m 700 -p /var/lib/cx/erasures && cat >/var/lib/cx/erasures/due_after_restore.jsonl",
        given=due,
    )
    with file.open("rb") as source:
        command = stack.command("run", "--rm", "-T", "restore")
        done = subprocess.run(command, stdin=source, capture_output=True, cwd=ROOT, check=False)
    expect(done.returncode == 0, done.stderr.decode()[-2000:])
    after = _contents(stack)
    expect(after == before, [name for name in before if before[name] != after.get(name)])
    stack("up", "--detach", "--wait")
    told = stack("exec", "-T", "sandbox", "python", "-m", "deploy.night")
    expect("published after" in told, told[-2000:])
    size = file.stat().st_size / 1e6
    return f"{size:.1f} MB, {len(before) - len(OTHERS)} marts equal, then {told.strip().splitlines()[-1]}"


def _contents(stack: Stack) -> dict[str, str]:
    """Of every mart, and of the programs' own databases: how many rows, and a sum over all of them."""
    counts = 'select count(*), sum(hashtextextended(t::text, 0)::numeric) from marts."{}" t'
    found = {name: stack.ask(counts.format(name)) for name in stack.ask(MARTS).split()}
    expect(len(found) > 20, sorted(found))
    return found | {name: stack.ask(statement, name) for name, statement in OTHERS.items()}
