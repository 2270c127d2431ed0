"""A rehearsal: a room of pretended phones, and what it finds out about a computer.

The modules in reading order, each building on those before it:

    visit           HTTP as a phone's browser speaks it
    line            a client's end of a WebSocket, cheap enough for thousands
    backoff         how long a page waits before it comes back
    crowd           what pretended phones were told
    phone           one pretended phone
    remote          an admin's desk, from another process
    turns           whose turn it is to vote
    verdict         findings as numbers and sentences
    measuring       moments of a run, and their costs
    run             the run, from the button that starts it to the one that ends it
    command         the command line's `rehearse`

It speaks to a server as browsers do. The benchmark (`bench`) loads its servers with these phones.
"""
