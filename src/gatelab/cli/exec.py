"""`gatelab exec`: runs a program that knows the lab's names."""

import click

from gatelab.cli.labs import lab_option, place_of


@click.command("exec", context_settings={"allow_interspersed_args": False})
@lab_option
@click.option(
    "--no-trust", is_flag=True, help="Leave it to the program whom it trusts; GATELAB_CA is set all the same."
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec_(name: str, no_trust: bool, command: tuple[str, ...]) -> None:
    """Run COMMAND with the lab's names, its certificate authorities and its kubeconfig.

    \b
      gatelab exec -- grpcurl -proto greetings.proto HOST:443 \\
          greetings.GreetMe/Send
      gatelab exec -- k6 run script.js

    COMMAND sees an /etc/hosts of its own with the lab's names as they are now: Services (service.namespace,
    service.namespace.svc.cluster.local, service.namespace.test), the pods of headless ones, and the hostnames of
    Gateways and their routes. A hosts file has no wildcards: of *.example.test nothing is in it. Nothing of the machine
    is changed, and root is not needed where user namespaces are allowed.

    In its environment are KUBECONFIG, GATELAB_NAME, GATELAB_CA (a file with the lab's CA certificates), and, with the
    system's CAs beside the lab's, SSL_CERT_FILE, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH, CURL_CA_BUNDLE, REQUESTS_CA_BUNDLE
    and NODE_EXTRA_CA_CERTS.

    Exit code: COMMAND's; 125 the names could not be given, 126 COMMAND cannot be run, 127 it is not there.
    """
    from gatelab.cli.exec_run import run

    run(place_of(name), command, trust=not no_trust)
