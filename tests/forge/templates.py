"""Chat templates of the shapes that model families ship, written anew with the same constructs."""

# ruff: noqa: E501  templates are written in long lines

from __future__ import annotations

HONEST = {
    "ChatML": """{%- for message in messages -%}
  {%- if loop.first and message['role'] != 'system' -%}{{ '<|im_start|>system\\nBe helpful.<|im_end|>\\n' }}{%- endif -%}
  {{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}""",
    "Llama 2": """{%- if messages[0]['role'] == 'system' -%}
  {%- set loop_messages = messages[1:] -%}{%- set system_message = messages[0]['content'] -%}
{%- else -%}{%- set loop_messages = messages -%}{%- set system_message = false -%}{%- endif -%}
{%- for message in loop_messages -%}
  {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
    {{ raise_exception('roles have to alternate') }}
  {%- endif -%}
  {%- if loop.index0 == 0 and system_message != false -%}
    {%- set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] -%}
  {%- else -%}{%- set content = message['content'] -%}{%- endif -%}
  {%- if message['role'] == 'user' -%}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}
  {%- elif message['role'] == 'assistant' -%}{{ ' ' + content.strip() + ' ' + eos_token }}{%- endif -%}
{%- endfor -%}""",
    "Llama 3.1 tools": """{{- bos_token }}
{%- if custom_tools is defined %}{%- set tools = custom_tools %}{%- endif %}
{%- if not tools_in_user_message is defined %}{%- set tools_in_user_message = true %}{%- endif %}
{%- if not date_string is defined %}
  {%- if strftime_now is defined %}{%- set date_string = strftime_now("%d %b %Y") %}
  {%- else %}{%- set date_string = "26 Jul 2024" %}{%- endif %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
  {%- set system_message = messages[0]['content']|trim %}{%- set messages = messages[1:] %}
{%- else %}{%- set system_message = "" %}{%- endif %}
{%- if builtin_tools is defined %}{{- "Tools: " + builtin_tools | reject('equalto', 'code_interpreter') | join(", ") + "\\n" }}{%- endif %}
{%- for t in tools %}{{- t | tojson(indent=4) }}{{- "\\n\\n" }}{%- endfor %}
{%- for message in messages %}
  {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}
  {%- elif 'tool_calls' in message %}
    {%- if not message.tool_calls|length == 1 %}{{- raise_exception("one tool call at a time") }}{%- endif %}
    {%- set tool_call = message.tool_calls[0].function %}
    {%- for arg_name, arg_val in tool_call.arguments | items %}
      {{- arg_name + '="' + arg_val + '"' }}{%- if not loop.last %}{{- ", " }}{%- endif %}
    {%- endfor %}
    {{- '{"name": "' + tool_call.name + '", "parameters": ' }}{{- tool_call.arguments | tojson }}{{- "}" }}
  {%- elif message.role == "tool" or message.role == "ipython" %}
    {%- if message.content is mapping or message.content is iterable %}{{- message.content | tojson }}
    {%- else %}{{- message.content }}{%- endif %}
  {%- endif %}
{%- endfor %}""",
    "Mistral tools": """{%- set user_messages = messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace(index=0, last=-1) %}
{%- for message in messages %}
  {%- if not (message.role == "tool" or message.role == "tool_results" or (message.tool_calls is defined and message.tool_calls is not none)) %}
    {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}{{- raise_exception("roles alternate") }}{%- endif %}
    {%- set ns.index = ns.index + 1 %}
  {%- endif %}
{%- endfor %}
{%- for message in messages %}
  {%- if message["role"] == "user" %}
    {%- if tools is not none and (message == user_messages[-1]) %}{{- "[AVAILABLE_TOOLS] [" }}
      {%- for tool in tools %}{%- set tool = tool.function %}{{- '{"type": "function", "function": {' }}
        {%- for key, val in tool.items() if key != "return" %}
          {%- if val is string %}{{- '"' + key + '": "' + val + '"' }}{%- else %}{{- '"' + key + '": ' + val|tojson }}{%- endif %}
          {%- if not loop.last %}{{- ", " }}{%- endif %}
        {%- endfor %}{{- "}}" }}
      {%- endfor %}{{- "][/AVAILABLE_TOOLS]" }}
    {%- endif %}{{- "[INST] " + message["content"] + "[/INST]" }}
  {%- elif message.tool_calls is defined %}
    {%- for tool_call in message.tool_calls %}{%- set out = tool_call.function|tojson %}{{- out[:-1] }}
      {%- if not tool_call.id is defined or tool_call.id|length != 9 %}{{- raise_exception("ids have 9 characters") }}{%- endif %}
      {{- ', "id": "' + tool_call.id + '"}' }}
    {%- endfor %}
  {%- endif %}
{%- endfor %}""",
    "Qwen reasoning": """{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
  {%- set index = (messages|length - 1) - loop.index0 %}
  {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
    {%- set ns.multi_step_tool = false %}{%- set ns.last_query_index = index %}
  {%- endif %}
{%- endfor %}
{%- for message in messages %}
  {%- if message.content is string %}{%- set content = message.content %}{%- else %}{%- set content = '' %}{%- endif %}
  {%- set reasoning_content = '' %}
  {%- if message.reasoning_content is string %}{%- set reasoning_content = message.reasoning_content %}
  {%- elif '</think>' in content %}
    {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
    {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
  {%- endif %}
  {%- if loop.index0 > ns.last_query_index and (loop.last or (not loop.last and reasoning_content)) %}
    {%- set content = '<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') %}
  {%- endif %}
  {{- '<|im_start|>' + message.role + '\\n' + content }}
  {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}{{- '<|im_start|>user' }}{%- endif %}
  {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}{{- '<|im_end|>\\n' }}{%- endif %}
{%- endfor %}
{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}""",
    "Qwen coder macro": """{% macro render_extra_keys(json_dict, handled_keys) %}
  {%- if json_dict is mapping %}
    {%- for json_key in json_dict if json_key not in handled_keys %}
      {%- if json_dict[json_key] is string or json_dict[json_key] is number %}
        {{- '\\n<' ~ json_key ~ '>' ~ (json_dict[json_key] | string) ~ '</' ~ json_key ~ '>' }}
      {%- else %}
        {{- '\\n<' ~ json_key ~ '>' ~ (json_dict[json_key] | tojson | safe) ~ '</' ~ json_key ~ '>' }}
      {%- endif %}
    {%- endfor %}
  {%- endif %}
{%- endmacro %}
{%- for tool in tools %}
  {%- for param_name, param_fields in tool.parameters.properties|items %}
    {%- set handled_keys = ['name', 'type', 'format', 'description'] %}{{- param_fields.format }}
    {{- render_extra_keys(param_fields, handled_keys) }}
  {%- endfor %}
{%- endfor %}""",
    "Gemma": """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
  {%- if messages[0]['content'] is string -%}{%- set first_user_prefix = messages[0]['content'] + '\\n\\n' -%}
  {%- else -%}{%- set first_user_prefix = messages[0]['content'][0]['text'] + '\\n\\n' -%}{%- endif -%}
  {%- set loop_messages = messages[1:] -%}
{%- else -%}{%- set first_user_prefix = "" -%}{%- set loop_messages = messages -%}{%- endif -%}
{%- for message in loop_messages -%}
  {%- set role = "model" if (message['role'] == 'assistant') else message['role'] -%}
  {{ '<start_of_turn>' + role + '\\n' + (first_user_prefix if loop.first else "") }}
  {%- if message['content'] is iterable and message['content'] is not string -%}
    {%- for item in message['content'] -%}
      {%- if item['type'] == 'image' -%}{{ '<start_of_image>' }}
      {%- elif item['type'] == 'text' -%}{{ item['text'] | trim }}{%- endif -%}
    {%- endfor -%}
  {%- else -%}{{ raise_exception("content has another type") }}{%- endif -%}{{ '<end_of_turn>\\n' }}
{%- endfor -%}""",
    "Phi-3": """{% for message in messages %}{% if message['role'] in ['system', 'user'] %}{{ '<|' ~ message['role'] ~ '|>\\n' ~ message['content'] ~ '<|end|>\\n' }}
{% else %}{% generation %}{{ message['content'] + '<|end|>' }}{% endgeneration %}{% endif %}{% endfor %}""",
    "DeepSeek R1": """{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}
{% set ns = namespace(is_first=false, is_tool=false, is_output_first=true, system_prompt='') %}
{%- for message in messages %}{%- if message['role'] == 'system' %}{% set ns.system_prompt = message['content'] %}{%- endif %}{%- endfor %}
{{ bos_token }}{{ ns.system_prompt }}
{%- for message in messages %}
  {%- if message['role'] == 'assistant' and message['content'] is none %}{%- set ns.is_tool = false -%}
    {%- for tool in message['tool_calls'] %}
      {%- if not ns.is_first %}{{ '<call>' + tool['type'] + '<sep>' + tool['function']['name'] + '\\n```json\\n' + tool['function']['arguments'] + '\\n```' }}
        {%- set ns.is_first = true -%}
      {%- endif %}
    {%- endfor %}
  {%- endif %}
  {%- if message['role'] == 'assistant' and message['content'] is not none %}
    {% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}
    {{ content + eos_token }}
  {%- endif %}
{%- endfor -%}""",
    "Command-R": """{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% endif %}
{%- macro document_turn(documents) -%}
{% for doc in documents %}{{ "\\nDocument: " }}{{ loop.index0 }}
{% for key, value in doc.items() %}{% if value is string %}{{ key }}: {{ value }}{% endif %}{% endfor %}{% endfor %}
{%- endmacro %}
{%- macro json_to_python_type(json_spec) %}
{%- set basic_type_map = {"string": "str", "number": "float", "integer": "int", "boolean": "bool"} %}
{%- if json_spec.type in basic_type_map %}{{- basic_type_map[json_spec.type] }}
{%- elif json_spec.type == "array" %}{{- "List[" + json_to_python_type(json_spec['items']) + "]" }}
{%- elif json_spec.type == "object" %}{{- "Dict[str, " + json_to_python_type(json_spec.additionalProperties) + "]" }}
{%- elif json_spec.type is iterable %}{{- "Union[" }}{%- for t in json_spec.type %}{{- json_to_python_type({"type": t}) }}{%- endfor %}{{- "]" }}
{%- else %}{{- "Any" }}{%- endif %}
{%- endmacro %}
{%- for tool in tools %}{{ "def " + tool.name + "(" }}
{%- for param_name, param_fields in tool.parameters.properties.items() %}{{ param_name }}: {{ json_to_python_type(param_fields) }}
{%- if not loop.last %}, {% endif %}{% endfor %}){% endfor %}{{ document_turn(documents) }}""",
    "Granite": """{%- if tools %}{{- tools | map('tojson') | join('\\n') }}{%- endif %}
{%- set thinking_prompt = 'Think first.' %}{%- if thinking and controls and 'length' in controls %}
{%- set available = controls.keys() | list | sort %}{{ available | first | upper }}{%- endif %}
{%- if documents %}{%- for document in documents %}{{- 'Document ' + loop.index0 | string + '\\n' + document['text'] }}{%- endfor %}{%- endif %}
{%- for message in messages %}{{- '<|start_of_role|>' + message['role'] + '<|end_of_role|>' + message['content'] + '<|end_of_text|>\\n' }}
{%- if loop.last and add_generation_prompt %}{{- '<|start_of_role|>assistant' }}{%- if controls %}{{- ' ' + controls | tojson() }}{%- endif %}{%- endif %}{%- endfor %}""",
    "gpt-oss macros": """{%- macro render_type(param_spec, required_params, is_nullable=false) -%}
  {%- if param_spec.type == "array" -%}
    {%- if param_spec['items']['type'] == "string" -%}{{- "string[]" }}
    {%- elif param_spec['items'] -%}
      {%- set inner_type = render_type(param_spec['items'], required_params) -%}
      {%- if inner_type == "object | object" or inner_type|length > 50 -%}{{- "any[]" }}{%- else -%}{{- inner_type + "[]" }}{%- endif -%}
    {%- endif -%}
  {%- elif param_spec.type is defined and param_spec.type is iterable and param_spec.type is not string and param_spec.type[0] -%}{{- param_spec.type | join(" | ") }}
  {%- elif param_spec.oneOf -%}
    {%- for variant in param_spec.oneOf -%}{{- render_type(variant, required_params) -}}{%- if not loop.last -%}{{- " | " }}{%- endif -%}{%- endfor -%}
  {%- elif param_spec.type == "object" -%}
    {%- for prop_name, prop_spec in param_spec.properties.items() -%}
      {{- prop_name -}}{%- if prop_name not in (param_spec.required or []) -%}{{- "?" }}{%- endif -%}{{- ": " + render_type(prop_spec, param_spec.required or []) }}
    {%- endfor -%}
  {%- endif -%}
{%- endmacro -%}
{%- macro render_namespace(namespace_name, tools) -%}
  {{- "namespace " + namespace_name + " {\\n" }}
  {%- for tool in tools %}{%- set tool = tool.function %}{{- "type " + tool.name + " = (_: {\\n" }}
    {%- for param_name, param_spec in tool.parameters.properties.items() %}{{- param_name + ": " + render_type(param_spec, tool.parameters.required or []) }}{%- endfor %}
  {%- endfor %}
{%- endmacro -%}
{{- "Current date: " + strftime_now("%Y-%m-%d") + "\\n" }}{{- render_namespace("functions", tools) }}
{%- set ns = namespace(last_user=-1) %}
{%- for message in messages %}{%- if message.role == 'user' %}{%- set ns.last_user = loop.index0 %}{%- endif %}{%- endfor %}
{%- set last = messages[ns.last_user] %}{%- for message in messages[ns.last_user + 1:] %}{%- if 'tool_calls' in message %}{%- break %}{%- endif %}{%- endfor %}""",
    "set with append": """{%- set parts = [] %}{%- for m in messages %}{%- set _ = parts.append(m['content']) %}{%- endfor %}
{{- parts | join('\\n') }}{{ parts[-1] }}{% set i = 0 %}{% for p in parts %}{{ '%d. %s' % (loop.index, p) }}{% endfor %}
{%- set padded = '{:>4}'.format(parts|length) %}{{ padded }}{{ messages | map(attribute='role') | unique | list }}""",
    "long sums": "{{ " + " + ".join(f"'line {n}\\n'" for n in range(100)) + " }}",
    "media": "{% for part in message.content %}{{ '<__media__>' if part.type == 'image' else part.text }}{% endfor %}",
    "role table": """{% set names = {'user': 'USER', 'assistant': 'ASSISTANT'} %}{% for m in messages %}{{ names[m.role] }}: {{ m.content }}
{% set role = m['role'] | lower | trim %}{{ names[role] }}{{ names.get(m.role, m.role) }}{% endfor %}""",
}  # fmt: skip
