import { Site } from "./host/site";

void new Site(document.body).start();
