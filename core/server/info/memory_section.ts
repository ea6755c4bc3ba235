// INFO memory. The arena takes the place of Valkey's allocator; the runtime's own heap, which holds no keys and no values, has
// fields of its own (and is in used_memory_rss).
import { memoryOf } from "../memory_report.ts";
import type { Server } from "../server.ts";
import { type Lines, percent } from "./lines.ts";

export function writeMemory(server: Server, out: Lines): void {
  const memory = memoryOf(server);
  const { arena } = memory;
  const { values } = server.config;
  out.addBytes("used_memory", memory.used);
  out.addBytes("used_memory_rss", memory.resident);
  out.addBytes("used_memory_peak", memory.peak);
  out.add("used_memory_peak_time", memory.peakSeconds);
  out.add("used_memory_peak_perc", percent(memory.used, memory.peak));
  out.add("used_memory_overhead", memory.overhead);
  out.add("used_memory_startup", memory.startup);
  out.add("used_memory_dataset", memory.dataset);
  out.add("used_memory_dataset_perc", percent(memory.dataset, memory.used - memory.startup));
  out.add("allocator_allocated", arena.used);
  out.add("allocator_active", arena.touched);
  out.add("allocator_resident", arena.touched);
  out.add("arena_used", arena.used);
  out.add("arena_peak", arena.peak);
  out.add("arena_touched", arena.touched);
  out.add("arena_total", arena.total);
  out.add("arena_span_free", arena.spanFree);
  out.add("arena_extent_free", arena.extentFree);
  out.add("arena_retired", arena.retired);
  out.add("arena_shadow", arena.shadow);
  out.add("js_heap_used", memory.heapUsed);
  out.add("js_heap_total", memory.heapTotal);
  out.addBytes("total_system_memory", memory.systemTotal);
  out.addBytes("used_memory_lua", 0);
  out.add("used_memory_vm_eval", 0);
  out.add("used_memory_scripts_eval", 0);
  out.add("number_of_cached_scripts", 0);
  out.add("number_of_functions", 0);
  out.add("number_of_libraries", 0);
  out.add("used_memory_vm_functions", 0);
  out.addBytes("used_memory_vm_total", 0);
  out.add("used_memory_functions", 0);
  out.addBytes("used_memory_scripts", 0);
  out.addBytes("maxmemory", values.maxmemory);
  out.add("maxmemory_policy", values.maxmemoryPolicy);
  out.add("allocator_frag_ratio", arena.fragmentation.toFixed(2));
  out.add("allocator_frag_bytes", Math.max(0, arena.touched - arena.used));
  out.add("allocator_rss_ratio", "1.00");
  out.add("allocator_rss_bytes", 0);
  out.add("rss_overhead_ratio", (memory.resident / Math.max(1, arena.touched)).toFixed(2));
  out.add("rss_overhead_bytes", memory.resident - arena.touched);
  out.add("mem_fragmentation_ratio", (memory.resident / Math.max(1, memory.used)).toFixed(2));
  out.add("mem_fragmentation_bytes", memory.resident - memory.used);
  // Blocks that only wait for a snapshot to pass them: evicting keys would not make them go sooner.
  out.add("mem_not_counted_for_evict", arena.retired + server.memoryLimit.uncountedBytes());
  out.add("mem_replication_backlog", 0);
  out.add("mem_total_replication_buffers", 0);
  out.add("mem_clients_slaves", 0);
  out.add("mem_clients_normal", memory.clients);
  out.add("mem_cluster_links", 0);
  out.add("mem_aof_buffer", server.aof.waitingBytes);
  out.add("mem_allocator", "spork-arena");
  out.add("active_defrag_running", 0);
  out.add("lazyfree_pending_objects", server.keyspace.lazyFree.pending);
  out.add("lazyfreed_objects", server.keyspace.lazyFree.freed);
}
