"""Nobody is root, nothing is reached from elsewhere, no secret is shown."""

import json

from engine import PORTS, Stack, expect, run


def nobody_is_root(stack: Stack) -> str:
    """No process in any container is root, and none may become it."""
    count = 0
    for each in stack.containers():
        expect(each["Config"]["User"] not in ("", "0", "root"), each["Name"])
        expect(each["HostConfig"]["CapDrop"] == ["ALL"] and not each["HostConfig"]["Privileged"], each["Name"])
        expect("no-new-privileges:true" in each["HostConfig"]["SecurityOpt"], each["Name"])
        expect(each["HostConfig"]["Memory"] > 0 and each["HostConfig"]["PidsLimit"] > 0, f"{each['Name']}: no limits")
        if each["State"]["Running"]:
            owners = run(["docker", "top", each["Id"], "-eo", "uid,pid"]).split("\n")[1:]
            expect(not any(line.split()[0] == "0" for line in owners if line.strip()), each["Name"])
            count += len([line for line in owners if line.strip()])
    return f"{count} processes"


def listens_here_only(stack: Stack) -> str:
    """Ports are published on 127.0.0.1 only."""
    bound = [
        binding
        for each in stack.containers()
        for bindings in (each["HostConfig"]["PortBindings"] or {}).values()
        for binding in bindings
    ]
    expect(len(bound) == len(PORTS) and all(binding["HostIp"] == "127.0.0.1" for binding in bound), bound)
    return ", ".join(sorted(binding["HostPort"] for binding in bound))


def nothing_leaks(stack: Stack) -> str:
    """No secret in descriptions, images, arguments, logs or rendered configuration."""
    expect(len(stack.secrets) == 22, sorted(stack.secrets))
    told = stack("exec", "-T", "api-server", "cat", "/run/secrets/fernet_key").strip()
    expect(told == stack.secrets["FERNET_KEY"], "the containers have other secrets than those searched for")
    containers = stack.containers()
    images = sorted({each["Image"] for each in containers})
    places = {
        "docker inspect": json.dumps(containers),
        "images": run(["docker", "image", "inspect", *images]),
        "layers": "".join(run(["docker", "history", "--no-trunc", image]) for image in images),
        "arguments": "".join(
            run(["docker", "top", each["Id"], "-eo", "pid,args"]) for each in containers if each["State"]["Running"]
        ),
        "environment": "".join(
            run(["docker", "exec", each["Id"], "env"]) for each in containers if each["State"]["Running"]
        ),
        "logs": stack("logs", "--no-color"),
        "docker compose config": stack("config"),
    }
    words = [value.rstrip("=") for value in stack.secrets.values()]  # however an address may write the last sign
    for place, text in places.items():
        expect(len(text) > 100, f"{place}: nothing to look at")
        leaked = [name for name, value in stack.secrets.items() if value.rstrip("=") in text]
        expect(not leaked, f"{place} show {leaked}")
    return f"{', '.join(places)}, {stack.files_with(words)} files of logs and docs"
