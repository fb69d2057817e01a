import { expect, test } from "vitest";
import { open, touch } from "./session.js";

test("ends after half an hour", () => {
  expect(touch(open("ana", 0), 31 * 60 * 1000)).toBeUndefined();
});
