// Distances and coordinates as geo commands reply them.
import type { CommandClient } from "../../core/commands/command_client.ts";

/** A distance with four digits after the point: a bulk string under RESP3 too. */
export function replyDistance(client: CommandClient, distance: number): void {
  client.reply.bulkLatin1(distance.toFixed(4));
}

/** Longitude and latitude, degrees. */
export function replyCoordinates(client: CommandClient, longitude: number, latitude: number): void {
  const { reply } = client;
  reply.array(2);
  reply.doubleText(coordinateText(longitude));
  reply.doubleText(coordinateText(latitude));
}

/** At most 17 digits after the point, trailing zeros dropped. */
function coordinateText(degrees: number): string {
  return degrees.toFixed(17).replace(/\.?0+$/, "");
}
