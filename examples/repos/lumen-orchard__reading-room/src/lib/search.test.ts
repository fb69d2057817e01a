import { expect, test } from "vitest";
import { highlight, search } from "./search.js";

const titles = [{ id: "1", title: "The Lighthouse Keeper", author: "M. Orr" }];

test("finds by every word", () => {
  expect(search(titles, "keeper orr")).toHaveLength(1);
});

test("marks what was found", () => {
  expect(highlight("The Lighthouse", "light")).toBe("The <mark>Light</mark>house");
});
