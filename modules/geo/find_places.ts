// What a geo search does once its arguments are read: the places of the open index that lie in the search area.
import { zset } from "../sorted_sets/zset_lookup.ts";
import { decode, latitude, longitude } from "./geohash.ts";
import { cellCount, contains, coverArea, distance, ends, starts } from "./search_area.ts";
import { options } from "./search_options.ts";

/** The places that one search found. */
export interface Found {
  /** Place in the sorted set. */
  member: number;
  score: number;
  longitude: number;
  latitude: number;
  /** Meters from the middle of the area. */
  distance: number;
}

/** The places in the area, in the order and the number that were asked for. */
export function findPlaces(): Found[] {
  const limit = options.any ? options.count : Infinity;
  const places: Found[] = [];
  coverArea();
  for (let cell = 0; cell < cellCount && places.length < limit; cell++) {
    const first = zset.countBelowScore(starts[cell]);
    if (first === zset.size) continue;
    zset.seek(first);
    do {
      zset.readScore();
      if (!(zset.score < ends[cell])) break;
      decode(zset.score);
      if (!contains(longitude, latitude)) continue;
      places.push({ member: zset.place, score: zset.score, longitude, latitude, distance });
    } while (places.length < limit && zset.forward());
  }
  // The nearest are meant where only their number was told.
  const sort = options.sort === "none" && options.count > 0 && !options.any ? "ascending" : options.sort;
  if (sort === "ascending") places.sort((a, b) => a.distance - b.distance);
  else if (sort === "descending") places.sort((a, b) => b.distance - a.distance);
  return options.count === 0 ? places : places.slice(0, options.count);
}
