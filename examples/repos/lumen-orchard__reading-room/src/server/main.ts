import { createServer } from "node:http";

import { search, type Title } from "../lib/search.js";
import { shelfList } from "../components/shelf.js";

const titles: Title[] = [];

createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://localhost");
  const found = search(titles, url.searchParams.get("q") ?? "");
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.end(shelfList(found));
}).listen(Number(process.env.PORT ?? 5173));
