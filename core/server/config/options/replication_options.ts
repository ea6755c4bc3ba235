// Options of replication, cluster and access control: features that come later. Part of the option table. Tuning is
// accepted; what a user would rely on is refused until it exists.
import { enumeration, INT_MAX, integer, LONG_MAX, memory, text, ULONG_MAX, yesNo } from "../option_kinds.ts";
import { primaryAddress } from "../special_options.ts";

const NO_REPLICATION = "Spork does not replicate yet";
const NO_CLUSTER = "Spork has no cluster mode yet";
const NO_ACL = "Spork has no access control lists yet; use requirepass";

export const replicationOptions = {
  "replicaof": primaryAddress({
    aliases: ["slaveof"],
    effect: "later",
    immutable: true,
    refuse: { accepts: [""], because: NO_REPLICATION },
    doc: "Primary to be a replica of.",
  }),
  "primaryauth": text({
    default: "",
    unsetWhenEmpty: true,
    aliases: ["masterauth"],
    effect: "later",
    sensitive: true,
    doc: "Password at the primary.",
  }),
  "primaryuser": text({
    default: "",
    unsetWhenEmpty: true,
    aliases: ["masteruser"],
    effect: "later",
    sensitive: true,
    doc: "User at the primary.",
  }),
  "replica-serve-stale-data": flag(
    true,
    "Answer reads without a link to the primary.",
    "slave-serve-stale-data",
  ),
  "replica-read-only": flag(true, "Replicas refuse writes.", "slave-read-only"),
  "replica-lazy-flush": flag(true, "Free the old dataset in the background.", "slave-lazy-flush"),
  "replica-ignore-maxmemory": flag(true, "Replicas do not evict.", "slave-ignore-maxmemory"),
  "replica-ignore-disk-write-errors": flag(false, "Replicas go on when they can't write to disk."),
  "replica-priority": number(100, 0, INT_MAX, "Rank of the replica for Sentinel.", "slave-priority"),
  "replica-announced": flag(true, "Sentinel reports the replica."),
  "replica-announce-ip": name("Address that the replica reports.", "slave-announce-ip"),
  "replica-announce-port": number(0, 0, 65535, "Port that the replica reports.", "slave-announce-port"),
  "repl-diskless-sync": flag(true, "Send the dump of a full sync without a file."),
  "repl-diskless-sync-delay": number(5, 0, INT_MAX, "Seconds to wait for more replicas before that."),
  "repl-diskless-sync-max-replicas": number(0, 0, INT_MAX, "Replicas that end the wait."),
  "repl-diskless-load": enumeration(["disabled", "on-empty-db", "swapdb", "flush-before-load"], {
    default: "disabled",
    effect: "later",
    denyLoading: true,
    doc: "Load the dump of a full sync without a file.",
  }),
  "dual-channel-replication-enabled": flag(false, "Full sync over two connections."),
  "repl-ping-replica-period": number(10, 1, INT_MAX, "Seconds between pings.", "repl-ping-slave-period"),
  "repl-timeout": number(60, 1, INT_MAX, "Seconds until a silent link is given up."),
  "repl-disable-tcp-nodelay": flag(false, "Fewer, bigger packets to replicas."),
  "repl-backlog-size": memory({
    default: 10 * 1024 * 1024,
    min: 1,
    max: LONG_MAX,
    effect: "later",
    doc: "Bytes kept for replicas that come back.",
  }),
  "repl-backlog-ttl": number(3600, 0, LONG_MAX, "Seconds that they are kept without replicas."),
  "repl-mptcp": flag(false, "Multipath TCP to the primary."),
  "min-replicas-to-write": integer({
    default: 0,
    min: 0,
    max: INT_MAX,
    aliases: ["min-slaves-to-write"],
    effect: "live",
    doc:
      "Replicas that must be near for writes to be accepted. There are none yet: with this set, nothing is.",
  }),
  "min-replicas-max-lag": integer({
    default: 10,
    min: 0,
    max: INT_MAX,
    aliases: ["min-slaves-max-lag"],
    effect: "live",
    doc: "Seconds that count as near.",
  }),
  "propagation-error-behavior": enumeration(["ignore", "panic", "panic-on-replicas"], {
    default: "ignore",
    effect: "later",
    doc: "What a failing replicated command does.",
  }),
  "import-mode": yesNo({
    default: false,
    effect: "later",
    refuse: { accepts: ["no"], because: NO_REPLICATION },
    doc: "No expiry and eviction while data is imported.",
  }),
  "aclfile": text({
    default: "",
    effect: "later",
    immutable: true,
    refuse: { accepts: [""], because: NO_ACL },
    doc: "File of users.",
  }),
  "acl-pubsub-default": enumeration(["allchannels", "resetchannels"], {
    default: "resetchannels",
    effect: "later",
    doc: "Channels of new users.",
  }),
  "acllog-max-len": number(128, 0, LONG_MAX, "Length of the log of refused commands."),
  "cluster-enabled": yesNo({
    default: false,
    effect: "later",
    immutable: true,
    refuse: { accepts: ["no"], because: NO_CLUSTER },
    doc: "Cluster mode.",
  }),
  "cluster-config-file": text({
    default: "nodes.conf",
    effect: "later",
    immutable: true,
    check: (value) => value === "" ? "cluster-config-file can't be empty" : undefined,
    doc: "File of the cluster's state.",
  }),
  "cluster-databases": integer({
    default: 1,
    min: 1,
    max: INT_MAX,
    effect: "later",
    immutable: true,
    doc: "Databases in cluster mode.",
  }),
  "cluster-port": integer({
    default: 0,
    min: 0,
    max: 65535,
    effect: "later",
    immutable: true,
    doc: "Port of the cluster bus.",
  }),
  "cluster-node-timeout": number(15000, 0, LONG_MAX, "Milliseconds until a node counts as down."),
  "cluster-ping-interval": integer({
    default: 1000,
    min: 0,
    max: LONG_MAX,
    effect: "later",
    hidden: true,
    doc: "Milliseconds between pings of nodes.",
  }),
  "cluster-replica-validity-factor": number(
    10,
    0,
    INT_MAX,
    "How old a replica's data may be for a failover.",
    "cluster-slave-validity-factor",
  ),
  "cluster-replica-no-failover": flag(false, "Replicas never take over.", "cluster-slave-no-failover"),
  "cluster-migration-barrier": number(1, 0, INT_MAX, "Replicas that a primary keeps."),
  "cluster-allow-replica-migration": flag(true, "Replicas may change their primary."),
  "cluster-require-full-coverage": flag(true, "Refuse all commands when slots are missing."),
  "cluster-allow-reads-when-down": flag(false, "Answer reads when the cluster is down."),
  "cluster-allow-pubsubshard-when-down": flag(true, "Serve shard channels when the cluster is down."),
  "cluster-link-sendbuf-limit": memory({
    default: 0,
    min: 0,
    max: ULONG_MAX,
    effect: "later",
    doc: "Most unsent bytes of a link. 0: no limit.",
  }),
  "cluster-preferred-endpoint-type": enumeration(["ip", "hostname", "unknown-endpoint"], {
    default: "ip",
    effect: "later",
    doc: "How nodes are named to clients.",
  }),
  "cluster-announce-ip": name("Address that the node reports."),
  "cluster-announce-client-ipv4": name("IPv4 address that clients are told."),
  "cluster-announce-client-ipv6": name("IPv6 address that clients are told."),
  "cluster-announce-port": number(0, 0, 65535, "Port that the node reports."),
  "cluster-announce-tls-port": number(0, 0, 65535, "TLS port that the node reports."),
  "cluster-announce-bus-port": number(0, 0, 65535, "Bus port that the node reports."),
  "cluster-announce-client-port": number(0, 0, 65535, "Port that clients are told."),
  "cluster-announce-client-tls-port": number(0, 0, 65535, "TLS port that clients are told."),
  "cluster-announce-hostname": name("Host name that the node reports."),
  "cluster-announce-human-nodename": name("Readable name of the node."),
  "cluster-blacklist-ttl": number(60, 0, LONG_MAX, "Seconds that a forgotten node stays forgotten."),
  "cluster-slot-stats-enabled": flag(false, "Statistics by slot."),
  "cluster-manual-failover-timeout": number(
    5000,
    1,
    INT_MAX,
    "Milliseconds that a manual failover may take.",
  ),
  "cluster-message-gossip-perc": number(10, 1, 100, "Percentage of nodes told of in each message."),
  "cluster-slot-migration-log-max-len": number(1000, 0, LONG_MAX, "Length of the log of slot migrations."),
  "slot-migration-max-failover-repl-bytes": number(
    0,
    -1,
    LONG_MAX,
    "Bytes left when a slot changes its owner.",
  ),
  "auto-failover-on-shutdown": flag(false, "Hand over to a replica before shutting down."),
};

function flag(usual: boolean, doc: string, ...aliases: string[]) {
  return yesNo({ default: usual, aliases, effect: "later", doc });
}

function number(usual: number, min: number, max: number, doc: string, ...aliases: string[]) {
  return integer({ default: usual, min, max, aliases, effect: "later", doc });
}

function name(doc: string, ...aliases: string[]) {
  return text({ default: "", unsetWhenEmpty: true, aliases, effect: "later", doc });
}
