{{%AUTOESCAPE context="HTML"}}<header class="list-header">
<h1>{{W_NAV_FEED}}</h1>
<p class="quiet">{{W_FEED_PROMISE}}</p>
{{#SEEN}}<form method="post" action="/feed/seen"><input type="hidden" name="mark" value="{{MARK}}"><button type="submit" class="button button-small button-quiet">{{W_FEED_MARK_SEEN}}</button></form>
{{/SEEN}}
</header>
<p class="banner" role="status" data-feed-new data-unread="{{UNREAD_COUNT}}" data-live-since="{{SINCE}}" hidden><a href="/feed" data-one="{{W_FEED_NEW_ONE}}" data-other="{{W_FEED_NEW_OTHER}}"></a></p>
{{#EMPTY}}<p>{{W_FEED_EMPTY}}</p>
{{/EMPTY}}
{{#SUGGEST}}<h2>{{W_FEED_SUGGEST}}</h2>
<ul class="plain-list">
{{#CHANNEL}}<li class="card"><h3><a href="/c/{{SLUG}}">{{NAME}}</a></h3><p>{{ABOUT}}</p>{{>BUTTON}}</li>
{{/CHANNEL}}
</ul>
{{#MORE}}<p><a href="/channels">{{W_FEED_SUGGEST_MORE}}</a></p>
{{/MORE}}
{{/SUGGEST}}
<ol class="posts">
{{>POST}}
</ol>
<nav class="pager" aria-label="{{W_PAGES}}">
{{#NEWEST}}<a href="{{URL}}">{{W_LIST_NEWEST}}</a>{{/NEWEST}}
{{#OLDER}}<a rel="next" href="{{URL}}">{{W_LIST_OLDER}}</a>{{/OLDER}}
</nav>
