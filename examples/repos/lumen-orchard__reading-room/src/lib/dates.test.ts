import { expect, test } from "vitest";
import { daysLeft, dueDate } from "./dates.js";

test("adds the days of the loan", () => {
  expect(dueDate("2026-03-02", 14)).toBe("2026-03-16");
});

test("counts the days left", () => {
  expect(daysLeft("2026-03-16", "2026-03-10")).toBe(6);
});
