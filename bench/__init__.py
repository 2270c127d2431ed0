"""The benchmark: what a room of phones costs, beside the kernel's floor and what others would pay.

The modules in reading order:

    measure     CPU and memory of a process and its children
    packages    what the peers and the plot need, in a folder of its own
    servers     ours, the floor and the peers as processes: started, stopped
    guests      clients that speak the peers' two dialects
    report      figures, their targets, and the file that holds them
    rooms       a server of ours with phones in it
    casting     broadcast, storm, flood: what a frame and a vote cost
    staying     arrivals, restart, memory, idle: what a phone costs
    halls       several nodes with the phones of one room
    listeners   phones that talk, and who has heard what
    talk        votes with and without talk, and talk alone
    growing     what twice the phones and ten times the votes cost
    others      the floor and the peers under the same storm
    table       a report for people, and the part of docs/performance.md that holds it
    plot        settle time against phones, drawn from a report

How large a room may become is measured, and simulated from that:

    stores      a redis-server as a process, and its own account of what it did
    watching    what nodes and their Redis did in a spell of time
    loads       Redis as votes grow tenfold, and as nodes double
    fleet       one node on its file, one on Redis, two on Redis
    following   what a ballot costs its own node, and a node that follows
    pricing     what one thing costs alone: a fold, a receipt, an entry
    costs       what a simulation is told
    gathering   all costs in one list, with where each comes from
    timeline    moments to come, and queues
    streams     a Redis, simulated
    nodes       a node, simulated
    country     a plan of votes, and what comes of it
    limits      how many votes a second a fleet keeps up with
    sizing      what halls of all sizes need
    scale       the tables of docs/scale.md

`python -m bench` runs all; `python -m bench storm --phones 2000` runs one. It needs Linux: CPU and
memory are read from /proc. Nothing in `voting` knows of it.
"""
