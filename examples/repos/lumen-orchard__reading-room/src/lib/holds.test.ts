import { expect, test } from "vitest";
import { queue } from "./holds.js";

test("serves the oldest hold first", () => {
  const holds = [
    { reader: "ben", placed: "2026-03-02" },
    { reader: "ana", placed: "2026-03-01" },
  ];

  expect(queue(holds)[0]?.reader).toBe("ana");
});
